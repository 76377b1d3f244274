/**
 * Which number a class has: those of a list first, all others as they first turn up in the manifest. So the numbers are
 * known while the rows are read once, are the same for every reading, and stay when rows are appended. Pure.
 */
import { type Data, Field, Int32, type RecordBatch, Schema } from 'apache-arrow';
import { int32Column, schemaBatch } from '../arrow/columns.ts';
import { plainTexts } from '../arrow/typed-text.ts';
import { CLASS_COLUMN } from '../record.ts';
import { readRoles } from '../unit-rows.ts';

/** Of a row without a label, and of classes beyond the bound. */
const NO_CLASS = -1;
/** Some 100 MB of names: a column with more says what a row is, not what kind. Chosen. */
export const MAX_CLASSES = 1_000_000;

export interface ClassRule {
  /** Classes that come first, in this order. */
  readonly known: readonly string[];
  /** A label as it is published. */
  readonly publish: (label: string) => string;
}

export class ClassNumbers {
  readonly #publish: ClassRule['publish'];
  readonly #numbers: Map<string, number>;

  constructor({ known, publish }: ClassRule) {
    this.#publish = publish;
    this.#numbers = new Map(known.map((name, number) => [name, number]));
  }

  of(label: string | null): number {
    if (label === null || label === '') return NO_CLASS;
    const name = this.#publish(label);
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const { size } = this.#numbers;
    if (size >= MAX_CLASSES) return NO_CLASS;
    this.#numbers.set(name, size);
    return size;
  }

  /** The batch with the class of each row behind its columns; as it is without a label column. */
  addTo(batch: RecordBatch): RecordBatch {
    const { fields, metadata } = batch.schema;
    const { label } = readRoles(batch.schema);
    const at = fields.findIndex(({ name }) => name === label);
    if (at < 0) return batch;
    const numbers = plainTexts(batch.data.children[at] as Data, fields[at] as Field).map((text) => this.of(text));
    const schema = new Schema([...fields, new Field<Int32>(CLASS_COLUMN, new Int32(), true)], metadata);
    return schemaBatch(schema, batch.numRows, [...batch.data.children, int32Column(numbers)]);
  }
}

/** The class of each row of a unit, where its rows were numbered. */
export function classesOf({ schema, data }: RecordBatch): Int32Array | undefined {
  const at = schema.fields.findIndex(({ name }) => name === CLASS_COLUMN);
  return at < 0 ? undefined : ((data.children[at] as Data).values as Int32Array);
}
