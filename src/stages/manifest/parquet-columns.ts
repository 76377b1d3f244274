/** Columns of parquet as the rest is to see them: text that was checked, and nothing in place of what cannot be read. */
import { isUtf8 } from 'node:buffer';
import { Data, DataType, Field, Null, type RecordBatch, Schema, Utf8 } from 'apache-arrow';
import { schemaBatch, utf8Column } from '../../arrow/columns.ts';
import { textColumn } from '../../arrow/text.ts';
import type { LostColumn } from './parquet-footer.ts';

/** Columns of types that nothing can be made of. */
export function lostByType({ fields }: Schema): LostColumn[] {
  return fields
    .filter(({ type }) => holds(type, DataType.isInterval))
    .map(({ name }) => ({ name, why: 'holds intervals, which are not read: write them as text or as durations' }));
}

function holds(type: DataType, isIt: (type: DataType) => boolean): boolean {
  return isIt(type) || (type.children ?? []).some((child: Field) => holds(child.type, isIt));
}

/** @param texts - columns that are text and are handed on as bytes */
export function settledSchema(stored: Schema, texts: readonly string[], lost: readonly LostColumn[]): Schema {
  const types = new Map<string, DataType>(texts.map((name) => [name, new Utf8()]));
  for (const { name } of lost) types.set(name, new Null());
  const fields = stored.fields.map(
    ({ name, type, metadata }) => new Field(name, types.get(name) ?? type, true, metadata),
  );
  return new Schema(fields, stored.metadata);
}

/** Bytes that are text, as text; what of it is no UTF-8 is replaced, and said once. */
export class CheckedText {
  readonly #file: string;
  readonly #texts: ReadonlySet<string>;
  readonly #warn: (message: string) => void;
  #hasWarned = false;

  constructor(file: string, texts: readonly string[], warn: (message: string) => void) {
    this.#file = file;
    this.#texts = new Set(texts);
    this.#warn = warn;
  }

  /** @param row - of the batch's first one */
  checked(batch: RecordBatch, row: number): RecordBatch {
    const { fields } = batch.schema;
    if (!fields.some(({ name, type }) => this.#texts.has(name) && DataType.isBinary(type))) return batch;
    const children = batch.data.children.map((data, i) => {
      const { name, type } = fields[i] as Field;
      return this.#texts.has(name) && DataType.isBinary(type) ? this.#text(data as Data, name, row) : (data as Data);
    });
    const named = fields.map((field, i) => new Field(field.name, (children[i] as Data).type, true, field.metadata));
    return schemaBatch(new Schema(named, batch.schema.metadata), batch.numRows, children);
  }

  #text(data: Data, column: string, row: number): Data {
    const { length, offset, nullCount, valueOffsets, values, nullBitmap } = data;
    const bytes = (values as Uint8Array).subarray(valueOffsets[0] ?? 0, valueOffsets[length] ?? 0);
    if (isUtf8(bytes)) return new Data(new Utf8(), offset, length, nullCount, [valueOffsets, values, nullBitmap]);
    if (!this.#hasWarned) {
      this.#hasWarned = true;
      this.#warn(
        `${this.#file}: the column ${column} holds text that is not UTF-8, from one of the ${length} rows from ${row} on: ` +
          'its bytes are replaced by U+FFFD; the file is not damaged, whoever wrote it wrote another encoding',
      );
    }
    return utf8Column(textColumn(data));
  }
}
