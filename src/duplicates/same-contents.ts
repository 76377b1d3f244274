/** Which samples of a dataset have the same bytes, by the hashes in its outcome tables. */
import { RowBitmap } from '../structures/row-bitmap.ts';
import type { Sample, SampleGroups } from './sample-groups.ts';

/** Bits for each sample, so that one in sixteen meets another by chance. */
const BITS_A_SAMPLE = 16;
const [FEWEST_BITS, MOST_BITS] = [2 ** 16, 2 ** 32];

/**
 * Two passes: which hashes may be there twice, by a few of their bits, and which of those are. Memory: 4 bytes a sample,
 * 1 GiB at most, and some hundred for each content that is there more than once, or seems so.
 * @param samples - all of them, again at each call
 * @param count - about how many there are
 */
export async function sameContents(samples: () => AsyncIterable<Sample>, count: number): Promise<SampleGroups> {
  const size = Math.min(
    MOST_BITS,
    Math.max(FEWEST_BITS, 2 ** Math.ceil(Math.log2(BITS_A_SAMPLE * Math.max(1, count)))),
  );
  const [seen, twice] = [new RowBitmap(size), new RowBitmap(size)];
  for await (const { sha256 } of samples()) {
    if (sha256 === undefined) continue;
    const place = placeOf(sha256, size);
    if (!seen.add(place)) twice.add(place);
  }
  const rows = new Map<string, number>();
  for await (const { sha256 } of samples())
    if (sha256 !== undefined && twice.has(placeOf(sha256, size))) rows.set(sha256, (rows.get(sha256) ?? 0) + 1);
  for (const [sha256, times] of rows) if (times === 1) rows.delete(sha256);
  return { kind: 'same', groupOf: ({ sha256 }) => (sha256 !== undefined && rows.has(sha256) ? sha256 : undefined) };
}

/** Hashes are spread evenly, so any of their bits will do. */
function placeOf(sha256: string, size: number): number {
  return Number.parseInt(sha256.slice(0, 8), 16) % size;
}
