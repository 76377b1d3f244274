/** Mutated images through the readers: no step over the bound, and the same facts however the bytes are cut. */
import { isDeepStrictEqual } from 'node:util';
import { FIXED_STEPS, STEPS_PER_BYTE } from '../../../src/image/formats/byte-feed.ts';
import { type ImageFacts, ImageReader } from '../../../src/image/image-reader.ts';
import { seededRandom } from '../../../src/structures/seeded-random.ts';
import { inPieces, mutatedImage } from '../../support/image-mutator.ts';
import type { FuzzRun } from '../target.ts';

/** Every so many cases it is asked whether to go on. */
const BATCH = 100;

export async function run({ seed, goOn, save }: FuzzRun): Promise<{ cases: number }> {
  const random = seededRandom(seed);
  const draw = (below: number): number => Math.floor(random() * below);
  let cases = 0;
  while (goOn()) {
    for (let index = 0; index < BATCH; index += 1) {
      cases += 1;
      const bytes = mutatedImage(draw);
      const flaw = flawOf(bytes, inPieces(bytes, draw));
      if (flaw === undefined) continue;
      save(`${seed}-${cases}-${flaw}`, bytes);
    }
  }
  return { cases };
}

/** In one piece against byte by byte. */
export function replay(bytes: Uint8Array): void {
  const whole = Buffer.from(bytes);
  const flaw = flawOf(
    whole,
    Array.from(whole, (byte) => Buffer.from([byte])),
  );
  if (flaw !== undefined) throw new Error(flaw);
}

function flawOf(bytes: Buffer, pieces: readonly Buffer[]): string | undefined {
  try {
    const atOnce = read([bytes]);
    const piecewise = read(pieces);
    const most = FIXED_STEPS + STEPS_PER_BYTE * bytes.length;
    if (atOnce.steps > most || piecewise.steps > most || [atOnce, piecewise].some(isOverdone)) return 'steps';
    return isDeepStrictEqual(atOnce.facts, piecewise.facts) ? undefined : 'cuts';
  } catch (error) {
    return `${error}`;
  }
}

function isOverdone({ facts }: { facts: ImageFacts | undefined }): boolean {
  return facts?.flaw?.what.includes('steps') === true;
}

function read(pieces: readonly Buffer[]): { facts: ImageFacts | undefined; steps: number } {
  const reader = new ImageReader();
  for (const piece of pieces) reader.add(piece);
  return { facts: reader.end(), steps: reader.steps };
}
