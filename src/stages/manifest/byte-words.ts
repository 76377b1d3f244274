/** Four bytes at a time, as a word: which of them are the ones looked for. */

/** A word of four times the same byte. */
export function everyByte(byte: number): number {
  return byte * 0x01010101;
}

/**
 * Marks the bytes that are zero: the lowest mark is right, higher ones may be wrong. XOR with `everyByte` turns a byte
 * that is looked for into zero. Source: A. Mycroft, 1987.
 */
export function zeroBytes(word: number): number {
  return (word - 0x01010101) & ~word & 0x80808080;
}

/** Marks the bytes below the one that all of `limit` are, 0x80 at most: the lowest mark is right. */
export function bytesBelow(word: number, limit: number): number {
  return (word - limit) & ~word & 0x80808080;
}

/** Which byte the lowest mark is on; there has to be one. */
export function lowestByte(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >> 3;
}
