/**
 * TIFF and BigTIFF: directories, and that the strips and tiles they name are there. Anything may lie anywhere in one, so
 * nothing is behind it. What a directory names before its own place was passed already and is not looked up.
 */
import type { ByteFeed } from './byte-feed.ts';
import type { ImageSketch, Reading } from './image-sketch.ts';

const [WIDTH, HEIGHT, STRIPS, STRIP_BYTES, TILES, TILE_BYTES] = [256, 257, 273, 279, 324, 325] as const;
/** By field type. Source: TIFF 6.0, and BigTIFF for the last three. */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8] as const;

/** A list of numbers that lies outside of its directory. */
interface Values {
  readonly at: number;
  readonly count: number;
  readonly bytes: number;
}

export function* readTiff(feed: ByteFeed, image: ImageSketch): Reading {
  yield* feed.wait(16);
  const file = new TiffFile(feed, image);
  image.paddedTo = Number.POSITIVE_INFINITY;
  let directory = file.firstDirectory();
  if (directory < 8) return 'no directory';
  let pages = 0;
  // Only ever forwards: a list of directories that leads back to one of them has no end.
  while (directory !== 0 && file.start + directory >= feed.position) {
    feed.skipTo(file.start + directory);
    const next = yield* file.readDirectory();
    if (typeof next === 'string') return next;
    pages += 1;
    if (pages === 1) image.sized(file.width, file.height);
    yield* file.readPlaces();
    directory = next;
  }
  if (image.width === undefined) return 'a picture without a size';
  feed.skipTo(file.end);
  return undefined;
}

class TiffFile {
  readonly start: number;
  width = 0;
  height = 0;
  /** Where the last byte is that was named. */
  end = 0;
  readonly #feed: ByteFeed;
  readonly #isLittle: boolean;
  readonly #isBig: boolean;
  #lists: { places: Values | undefined; lengths: Values | undefined } = { places: undefined, lengths: undefined };
  #place = 0;
  #length = 0;

  constructor(feed: ByteFeed, _image: ImageSketch) {
    this.#feed = feed;
    this.start = feed.position;
    this.#isLittle = feed.u8(0) === 0x49;
    this.#isBig = feed.u16(2, this.#isLittle) === 43;
  }

  firstDirectory(): number {
    return this.#isBig ? this.#number(8, 8) : this.#number(4, 4);
  }

  /** @returns where the next one is, or what is wrong */
  *readDirectory(): Generator<void, number | string, void> {
    const feed = this.#feed;
    const [countBytes, entryBytes, placeBytes] = this.#isBig ? [8, 20, 8] : [2, 12, 4];
    yield* feed.wait(countBytes);
    const count = this.#number(0, countBytes);
    if (count === 0) return 'an empty directory';
    feed.skip(countBytes);
    this.#lists = { places: undefined, lengths: undefined };
    [this.#place, this.#length] = [0, 0];
    for (let entry = 0; entry < count; entry += 1) {
      if (!feed.has(entryBytes)) yield* feed.wait(entryBytes);
      this.#readEntry(placeBytes);
      feed.skip(entryBytes);
    }
    yield* feed.wait(placeBytes);
    const next = this.#number(0, placeBytes);
    feed.skip(placeBytes);
    return next;
  }

  #readEntry(placeBytes: number): void {
    const [tag, type] = [this.#number(0, 2), this.#number(2, 2)];
    const count = this.#number(4, placeBytes);
    const bytes = TYPE_BYTES[type] ?? 0;
    const valueAt = 4 + placeBytes;
    const isInside = count * bytes <= placeBytes;
    const at = isInside ? 0 : this.start + this.#number(valueAt, placeBytes);
    if (!isInside) this.end = Math.max(this.end, at + count * bytes);
    const value = isInside && count > 0 ? this.#number(valueAt, bytes) : 0;
    const list = isInside ? undefined : { at, count, bytes };
    if (tag === WIDTH) this.width ||= value;
    else if (tag === HEIGHT) this.height ||= value;
    else if (tag === STRIPS || tag === TILES) [this.#place, this.#lists.places] = [value, list];
    else if (tag === STRIP_BYTES || tag === TILE_BYTES) [this.#length, this.#lists.lengths] = [value, list];
  }

  /** The strip or tile that lies last, and its length. */
  *readPlaces(): Generator<void, void, void> {
    const { places, lengths } = this.#lists;
    let last = 0;
    if (places !== undefined && this.#isAhead(places)) {
      const feed = this.#feed;
      feed.skipTo(places.at);
      for (let index = 0; index < places.count; index += 1) {
        if (!feed.has(places.bytes)) yield* feed.wait(places.bytes);
        const place = this.#number(0, places.bytes);
        feed.skip(places.bytes);
        if (place > this.#place) [this.#place, last] = [place, index];
      }
    }
    if (lengths !== undefined && last < lengths.count) {
      const one = { ...lengths, at: lengths.at + last * lengths.bytes };
      if (this.#isAhead(one)) {
        this.#feed.skipTo(one.at);
        yield* this.#feed.wait(one.bytes);
        this.#length = this.#number(0, one.bytes);
      }
    }
    this.end = Math.max(this.end, this.start + this.#place + this.#length);
  }

  #isAhead({ at, bytes }: Values): boolean {
    return at >= this.#feed.position && (bytes === 2 || bytes === 4 || bytes === 8);
  }

  #number(ahead: number, bytes: number): number {
    if (bytes === 8) return this.#feed.u64(ahead, this.#isLittle);
    if (bytes === 4) return this.#feed.u32(ahead, this.#isLittle);
    return bytes === 2 ? this.#feed.u16(ahead, this.#isLittle) : this.#feed.u8(ahead);
  }
}
