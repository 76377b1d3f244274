/**
 * Copy `count` bits, least significant first, into a zeroed `target`. Without `source` the bits are ones: a column
 * without nulls has no validity bitmap.
 */
export function copyBits(
  source: Uint8Array | undefined,
  sourceBit: number,
  target: Uint8Array,
  targetBit: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const from = sourceBit + i;
    if (source !== undefined && ((source[from >> 3] as number) & (1 << (from & 7))) === 0) continue;
    const to = targetBit + i;
    target[to >> 3] = (target[to >> 3] as number) | (1 << (to & 7));
  }
}
