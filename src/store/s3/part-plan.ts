/** How an object of unknown size is cut into parts. Pure. */

/** What S3 takes at most. */
export const MOST_PARTS = 10_000;
const EVEN_PARTS = 4_800;
const PARTS_PER_STEP = 520;

/**
 * Bytes of part `number` (from 1). The first 4,800 are equal (23 GiB at 5 MiB; some stores want them all equal), then
 * every 520 are twice as large as those before, so that 10,000 parts hold 5 TiB, the largest object there is.
 */
export function bytesOfPart(number: number, partBytes: number): number {
  const steps = Math.max(0, Math.ceil((number - EVEN_PARTS) / PARTS_PER_STEP));
  return partBytes * 2 ** steps;
}
