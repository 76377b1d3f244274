/** Rows of several batches as a new one. */
import { type Data, Field, type RecordBatch, Schema } from 'apache-arrow';
import { plainType } from './column-types.ts';
import { repeatedUtf8Column, schemaBatch } from './columns.ts';
import { type ColumnBuilder, KnownColumn } from './flat-builders.ts';
import type { Expected } from './growing.ts';
import { columnBuilder } from './nested-builders.ts';
import { type RowPicks, type Runs, runsOf } from './picks.ts';
import { oneText } from './text.ts';

/**
 * Gather rows of several batches of one schema into a new batch. The schema's metadata is the first batch's.
 * Errors: those of RowBuilder; TypeError without any batch.
 */
export function takeRows(batches: readonly RecordBatch[], picks: RowPicks): RecordBatch {
  const first = batches[0];
  if (first === undefined) throw new TypeError('expected at least one batch to take rows from');
  const rows = new RowBuilder(first.schema);
  rows.append(batches, runsOf(picks));
  return rows.finish();
}

/** Values are not all as long as the first ones. */
const SPARE = 1.1;

/**
 * A batch to which rows of other batches of its schema are appended, buffer by buffer, without making JS values.
 * Dictionary columns come out as their values, so the result stands alone. Throws TypeError for unions.
 */
export class RowBuilder {
  readonly #schema: Schema;
  readonly #columns: readonly ColumnBuilder[];
  readonly #expected: Expected = { scale: 1 };
  readonly #expectedRows: number;
  rows = 0;

  /**
   * @param expectedRows - rows that there is likely to be room for; 0 for just the first ones
   * @param known - columns of enough rows that are the same whichever rows are appended: see sameColumns
   */
  constructor(schema: Schema, expectedRows = 0, known: readonly (Data | undefined)[] = []) {
    this.#schema = schema;
    this.#expectedRows = expectedRows;
    this.#columns = schema.fields.map(({ type }, i) =>
      known[i] === undefined ? columnBuilder(type, this.#expected) : new KnownColumn(known[i], this.#expected),
    );
  }

  /** Bytes that the rows take. */
  get bytes(): number {
    return this.#columns.reduce((sum, column) => sum + column.bytes, 0);
  }

  /** Throws TypeError when a batch has other columns, RangeError when 32-bit offsets overflow. */
  append(batches: readonly RecordBatch[], runs: Runs): void {
    if (this.rows === 0) this.#expected.scale = Math.max(1, (SPARE * this.#expectedRows) / Math.max(1, runs.length));
    for (const [i, column] of this.#columns.entries()) {
      const field = this.#schema.fields[i] as Field;
      column.append(
        batches.map((batch) => columnOf(batch, i, field)),
        runs,
      );
    }
    this.rows += runs.length;
  }

  /** All rows; nothing can be appended afterwards. */
  finish(): RecordBatch {
    const fields = this.#schema.fields.map(
      (field) => new Field(field.name, plainType(field.type), field.nullable, field.metadata),
    );
    const children = this.#columns.map((column) => column.finish());
    return schemaBatch(new Schema(fields, this.#schema.metadata), this.rows, children);
  }
}

/** Columns that have the same text in all rows of all batches, of so many rows; undefined for all others. */
export function sameColumns(batches: readonly RecordBatch[], rows: number): (Data | undefined)[] {
  const first = batches[0];
  return (first?.data.children ?? []).map((column, i) => {
    const text = oneText(column as Data);
    const isSame = text !== undefined && batches.every(({ data }) => oneText(data.children[i] as Data) === text);
    return isSame ? repeatedUtf8Column(text, rows) : undefined;
  });
}

function columnOf(batch: RecordBatch, column: number, field: Field): Data {
  const own = batch.schema.fields[column];
  if (own === undefined || own.name !== field.name || own.typeId !== field.typeId) {
    throw new TypeError(
      `expected column ${column} of every batch to be ${field.name}: ${field.type}, got ${own ?? 'none'}`,
    );
  }
  return batch.data.children[column] as Data;
}
