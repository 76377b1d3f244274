/** NNNNNN.tar.idx: where each sample of an archive begins, and where the last one ends, as Megatron-Energon reads it. */

const INDEX_SUFFIX = '.idx';

/** Beside an archive. */
export function indexName(tar: string): string {
  return `${tar}${INDEX_SUFFIX}`;
}

/** @param offsets - of the samples in order, then of the end. 64 bits each, little-endian */
export function formatTarIndex(offsets: readonly number[]): Buffer {
  const index = Buffer.alloc(offsets.length * 8);
  for (const [at, offset] of offsets.entries()) {
    index.writeUInt32LE(offset % 2 ** 32, at * 8);
    index.writeUInt32LE(Math.floor(offset / 2 ** 32), at * 8 + 4);
  }
  return index;
}
