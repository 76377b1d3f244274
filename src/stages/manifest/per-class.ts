/** The first rows of each class. Pure. */
import type { Data, Field, RecordBatch } from 'apache-arrow';
import { schemaBatch, sequenceColumn } from '../../arrow/columns.ts';
import { takeRows } from '../../arrow/take.ts';
import { plainTexts } from '../../arrow/typed-text.ts';
import { MAX_CLASSES } from '../../dataset/class-numbers.ts';
import { FlowDcError } from '../../errors.ts';
import { counted } from '../../format.ts';
import { ROW_COLUMN } from '../../record.ts';
import { readRoles } from '../../unit-rows.ts';

/** Memory: a name and a number for every class, of which there may be a million. */
export class FirstOfClass {
  readonly #most: number;
  readonly #taken = new Map<string | null, number>();
  #passed = 0;

  /** @param most - rows of one class */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * The rows that are among the first of their class, numbered from `firstRow` on; at most `room` of them.
   * Errors: FDC_ERR_MANIFEST_TOO_WIDE for more than a million classes.
   */
  of(batch: RecordBatch, firstRow: number, room: number): RecordBatch {
    const { fields } = batch.schema;
    const { label } = readRoles(batch.schema);
    const at = fields.findIndex(({ name }) => name === label);
    const rows: number[] = [];
    const labels = plainTexts(batch.data.children[at] as Data, fields[at] as Field);
    for (let row = 0; row < batch.numRows && rows.length < room; row++)
      if (this.#takes(labels[row] || null)) rows.push(row);
    const chosen =
      rows.length === batch.numRows ? batch : takeRows([batch], { batches: new Uint8Array(rows.length), rows });
    return numbered(chosen, firstRow);
  }

  /** What is to be said at the end. */
  get notice(): string | undefined {
    if (this.#passed === 0) return undefined;
    return `per_class ${this.#most}: ${counted(this.#passed, 'row')} left out, beyond the first ones of their class`;
  }

  #takes(label: string | null): boolean {
    const taken = this.#taken.get(label) ?? 0;
    if (taken >= this.#most) {
      this.#passed++;
      return false;
    }
    this.#taken.set(label, taken + 1);
    if (this.#taken.size <= MAX_CLASSES) return true;
    throw new FlowDcError(
      'FDC_ERR_MANIFEST_TOO_WIDE',
      `per_class: the label column has over ${MAX_CLASSES} classes: name another one with label`,
    );
  }
}

/** Its rows have numbers, or do not. */
function numbered(batch: RecordBatch, firstRow: number): RecordBatch {
  const at = batch.schema.fields.findIndex(({ name }) => name === ROW_COLUMN);
  if (at < 0) return batch;
  const children = [...batch.data.children];
  children[at] = sequenceColumn(firstRow, batch.numRows);
  return schemaBatch(batch.schema, batch.numRows, children);
}
