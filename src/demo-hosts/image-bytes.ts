/** The image for a URL: a pure function of seed and URL. */
import { seededRandom } from '../structures/seeded-random.ts';
import { drawGif, drawJpeg, padGif, padJpeg } from './jpeg-and-gif.ts';
import { drawPng, drawWebp, padPng, padWebp } from './png-and-webp.ts';
import { hashText, lognormal } from './random.ts';

export interface ImageSizes {
  /** Mean of the body sizes in bytes. */
  readonly meanBytes: number;
  /** Deviation of their logarithm, 0 for equal sizes. */
  readonly sigma: number;
}

export interface ServedImage {
  readonly body: Buffer;
  readonly contentType: string;
}

/** Small pictures: sides are multiples of 8, and a function gives the brightness (0..1) of each 8 x 8 square. */
const FORMATS = {
  jpg: { contentType: 'image/jpeg', draw: drawJpeg, pad: padJpeg },
  png: { contentType: 'image/png', draw: drawPng, pad: padPng },
  gif: { contentType: 'image/gif', draw: drawGif, pad: padGif },
  webp: { contentType: 'image/webp', draw: drawWebp, pad: padWebp },
} as const;

/** Drawing costs 50-200 us, so pictures come from so many per format; padding makes every body unique all the same. */
const PICTURES = 64;
/** Sides of 16..128 pixels. */
const MAX_SQUARES_PER_SIDE = 16;
/** Filler is cut from one block of noise for the same reason. */
const NOISE_BYTES = 2 ** 20;
/** No body is larger than this many times the mean. */
const LARGEST = 64;

/** Serves the images of one seed: a pure function of seed, URL and sizes. */
export class ImageShelf {
  readonly #seed: number;
  readonly #sizes: ImageSizes;
  readonly #noise: Buffer;
  readonly #pictures = new Map<string, Buffer>();

  constructor(seed: number, sizes: ImageSizes) {
    this.#seed = seed;
    this.#sizes = sizes;
    this.#noise = noise(seed);
  }

  /** The format follows the URL's extension, JPEG for anything unknown. The image decodes; its bytes hold the URL. */
  imageFor(url: string): ServedImage {
    const format = formatOf(url);
    const hash = hashText(url, this.#seed);
    const { meanBytes, sigma } = this.#sizes;
    const bytes = Math.min(lognormal(meanBytes, sigma, seededRandom(hash)), meanBytes * LARGEST);
    const picture = this.#picture(format, hash % PICTURES);
    const { contentType, pad } = FORMATS[format];
    return { contentType, body: pad(picture, this.#filler(url, hash, Math.round(bytes) - picture.length)) };
  }

  #picture(format: keyof typeof FORMATS, index: number): Buffer {
    const name = `${format}${index}`;
    let image = this.#pictures.get(name);
    if (image === undefined) {
      const random = seededRandom(hashText(name, this.#seed));
      const side = () => 8 * (2 + Math.floor(random() * (MAX_SQUARES_PER_SIDE - 1)));
      const [width, height] = [side(), side()];
      const shades = Float32Array.from({ length: (width / 8) * (height / 8) }, random);
      image = FORMATS[format].draw(width, height, (square) => shades[square] ?? 0);
      this.#pictures.set(name, image);
    }
    return image;
  }

  /**
   * The URL itself in front, so that no two URLs share bytes; then noise. At least the URL, whatever the size asked
   * for.
   */
  #filler(url: string, hash: number, bytes: number): Buffer {
    const parts: Buffer[] = [Buffer.from(`${url}\n`, 'utf8')];
    let missing = bytes - url.length - 1;
    for (let at = hash % (NOISE_BYTES / 2); missing > 0; at = 0) {
      const piece = this.#noise.subarray(at, at + missing);
      parts.push(piece);
      missing -= piece.length;
    }
    return Buffer.concat(parts);
  }
}

function noise(seed: number): Buffer {
  const random = seededRandom(seed);
  const words = new Uint32Array(NOISE_BYTES / 4);
  for (let index = 0; index < words.length; index += 1) words[index] = random() * 2 ** 32;
  return Buffer.from(words.buffer);
}

function formatOf(url: string): keyof typeof FORMATS {
  const extension = /\.(\w{2,5})(?:[?#]|$)/.exec(url)?.[1]?.toLowerCase() ?? '';
  return extension in FORMATS ? (extension as keyof typeof FORMATS) : 'jpg';
}
