/** The pictures that the origin serves: real JPEGs of seeded sizes. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawJpeg } from '../../src/demo-hosts/jpeg-and-gif.ts';
import { hashText, lognormal } from '../../src/demo-hosts/random.ts';
import { seededRandom } from '../../src/structures/seeded-random.ts';

export interface BodyClass {
  readonly meanBytes: number;
  /** Different pictures. Fewer of the large ones: all of them shall stay in the page cache. */
  readonly files: number;
  /** Rows of a manifest unless told otherwise: a few seconds for a fast program. */
  readonly rows: number;
}

export const BODIES = {
  '10k': { meanBytes: 10_000, files: 1000, rows: 20_000 },
  '100k': { meanBytes: 100_000, files: 300, rows: 6000 },
  '1m': { meanBytes: 1_000_000, files: 50, rows: 1000 },
} as const satisfies Record<string, BodyClass>;

export type BodyName = keyof typeof BODIES;

const SEED = 1;
/** Deviation of the logarithm of the sizes: a few times smaller and larger, as photo archives have them. */
const SIGMA = 0.6;
/** What drawJpeg makes of an 8 x 8 square of random shade, on average. */
const BYTES_PER_SQUARE = 1.25;
/** A JPEG's sides are 16 bits. */
const MAX_SQUARES_PER_SIDE = 8191;

/**
 * Draw the pictures of one class as FOLDER/NAME/0.jpg, 1.jpg and so on; the same in every run.
 * All their bytes are picture, not comments, so that programs which look into a JPEG find what they expect.
 * @returns the size of each
 */
export async function drawBodies(folder: string, name: BodyName): Promise<number[]> {
  const { meanBytes, files } = BODIES[name];
  await mkdir(join(folder, name), { recursive: true });
  const draws = Array.from({ length: files }, (_, file) => seededRandom(hashText(`${name}/${file}`, SEED)));
  const wanted = draws.map((random) => lognormal(meanBytes, SIGMA, random));
  // So few draws miss their mean by a tenth.
  const scale = (meanBytes * files) / wanted.reduce((sum, bytes) => sum + bytes, 0);
  const sizes: number[] = [];
  for (const [file, random] of draws.entries()) {
    const squares = Math.max(4, (scale * (wanted[file] as number)) / BYTES_PER_SQUARE);
    const across = Math.min(MAX_SQUARES_PER_SIDE, Math.ceil(Math.sqrt(squares)));
    const down = Math.min(MAX_SQUARES_PER_SIDE, Math.round(squares / across));
    const jpeg = drawJpeg(8 * across, 8 * down, random);
    await writeFile(join(folder, name, `${file}.jpg`), jpeg);
    sizes.push(jpeg.length);
  }
  return sizes;
}
