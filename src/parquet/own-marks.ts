/**
 * Marks between the parts of our own parquet files, so that they can be read from front to end without their foot. No
 * other reader sees them: those go by the offsets in the foot.
 *
 *   PAR1 | pages of bytes | MARK rows | page of paths | MARK length | other columns | pages of bytes | ... | END | foot
 */

/** A page begins with 0x15, never with this. */
const MARK = Buffer.from('fdcM');
const END = Buffer.from('fdcE');
export const MARK_BYTES = 8;

/** @param number - rows of the group, or bytes of what follows */
export function markOf(number: number): Buffer {
  const mark = Buffer.alloc(MARK_BYTES);
  MARK.copy(mark);
  mark.writeUInt32LE(number, MARK.length);
  return mark;
}

/** What stands behind the last row group. */
export const END_MARK: Buffer = Buffer.concat([END, Buffer.alloc(MARK_BYTES - END.length)]);

/** The number of a mark, `end` for the last one, undefined for what is none. */
export function readMark(bytes: Buffer): number | 'end' | undefined {
  if (bytes.subarray(0, END.length).equals(END)) return 'end';
  return bytes.subarray(0, MARK.length).equals(MARK) ? bytes.readUInt32LE(MARK.length) : undefined;
}
