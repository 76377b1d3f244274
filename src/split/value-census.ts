/** A column's different values, numbered. */
import { type Data, DataType } from 'apache-arrow';
import { viewOf } from '../arrow/copy-bytes.ts';
import { textColumn } from '../arrow/text.ts';
import { ByteTable } from '../structures/byte-table.ts';

/** Id of null. */
const NULL_ID = 0;

/**
 * Numbers a column's different values, whatever its type, by first appearance from 1; null is a value and has 0. Values
 * are told apart by their exact text. Holds some 30 bytes and the text per value.
 */
export class ValueCensus {
  readonly #values = new ByteTable();

  /** Ids are below this. */
  get size(): number {
    return this.#values.size + 1;
  }

  /** The id of every row's value. */
  read(column: Data): Int32Array {
    const { type, length, valueOffsets: offsets } = column;
    if (!DataType.isUtf8(type)) {
      return Int32Array.from(textColumn(column), (value) =>
        value === null ? NULL_ID : 1 + this.#values.internText(value),
      );
    }
    const ids = new Int32Array(length);
    const bytes = viewOf(column.values as Uint8Array);
    for (let row = 0; row < length; row++) {
      if (column.nullCount > 0 && !column.getValid(row)) continue;
      ids[row] = 1 + this.#values.intern(bytes, offsets[row] as number, offsets[row + 1] as number);
    }
    return ids;
  }
}
