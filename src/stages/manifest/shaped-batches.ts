/** A file's batches as the rows that are made of them: columns that it lacks, and a row for each item of a list. */
import { type Data, DataType, Field, type RecordBatch, Schema, Utf8 } from 'apache-arrow';
import { float64Column, int32Column, schemaBatch, utf8Column } from '../../arrow/columns.ts';
import { jsonReader } from '../../arrow/json-value.ts';
import { takeRows } from '../../arrow/take.ts';
import { isTextType, textColumn } from '../../arrow/text.ts';
import { kindMetadata, plainTexts } from '../../arrow/typed-text.ts';
import { FlowDcError } from '../../errors.ts';
import { badRowReason, SOURCE_ROW_COLUMN, unusableRowMark } from '../../record.ts';
import { BATCH_BYTES } from './bounds.ts';
import { cellValue, type JsonValue, textOf, valueAt, withValueAt } from './json-cell.ts';
import { spreadAt } from './several-values.ts';
import type { Explosion, MadeColumn, Shape } from './shape.ts';
import { fillTemplate } from './url-template.ts';

/** Most rows of a batch that lists are made into. */
const MOST_ROWS = 8192;

/**
 * With an explosion, batches have the number of each row's row in the file as one more column.
 * @param wanted - columns of the rows that are handed on; others are not made
 */
export async function* shapedBatches(
  batches: AsyncIterable<RecordBatch>,
  shape: Shape,
  wanted: ReadonlySet<string>,
  onBadRow: 'skip' | 'fail' = 'skip',
): AsyncGenerator<RecordBatch, void> {
  let firstRow = 0;
  for await (const batch of batches) {
    if (shape.explosion === undefined) {
      const table = new Table(batch, (at) => firstRow + at);
      const made = table.with(shape, wanted);
      if (onBadRow === 'fail' && table.firstProblem !== undefined) throw unusable(table.firstProblem);
      yield made;
    } else yield* exploded(batch, firstRow, { ...shape, explosion: shape.explosion }, wanted);
    firstRow += batch.numRows;
  }
}

type ExplodedShape = Shape & { readonly explosion: Explosion };

/** One row that was made of an item of another one. */
interface Item {
  readonly parent: number;
  /** What its list holds there; null of an empty list. */
  readonly value: JsonValue;
  readonly index: number | null;
  /** How many its list has, and how many steps lead there. */
  readonly of: number;
  readonly depth: number;
}

function* exploded(
  batch: RecordBatch,
  firstRow: number,
  shape: ExplodedShape,
  wanted: ReadonlySet<string>,
): Generator<RecordBatch, void> {
  const { root, steps } = shape.explosion;
  const values = new Table(batch, (at) => at).valuesOf(root);
  const bytesOf = rowBytes(batch, root);
  let items: Item[] = [];
  let bytes = 0;
  for (const [parent, value] of values.entries()) {
    const isBad = typeof value === 'string' && badRowReason(value) !== undefined;
    const { items: found, depth } = isBad ? { items: [value], depth: 0 } : spreadAt(value, steps);
    const own = found.length > 1 ? bytesOf(parent) : 0;
    const listed = found.length === 0 ? [null] : found;
    for (const [at, item] of listed.entries()) {
      items.push({ parent, value: item, index: found.length === 0 ? null : at, of: found.length, depth });
      bytes += own;
      if (items.length < MOST_ROWS && bytes < BATCH_BYTES) continue;
      yield rowsOf(items, batch, values, firstRow, shape, wanted);
      items = [];
      bytes = 0;
    }
  }
  if (items.length > 0 || batch.numRows === 0) yield rowsOf(items, batch, values, firstRow, shape, wanted);
}

function rowsOf(
  items: readonly Item[],
  batch: RecordBatch,
  values: readonly JsonValue[],
  firstRow: number,
  shape: ExplodedShape,
  wanted: ReadonlySet<string>,
): RecordBatch {
  const { root, steps, isText, index } = shape.explosion;
  const parents = items.map(({ parent }) => parent);
  const rest = without(batch, [root, SOURCE_ROW_COLUMN]);
  const isPlain = parents.every((parent, at) => parent === at) && parents.length === batch.numRows;
  const rows = isPlain ? rest : takeRows([rest], { batches: new Uint8Array(parents.length), rows: parents });
  const table = new Table(rows, (at) => firstRow + (parents[at] as number), items);
  const placed = items.map(({ parent, value, depth, of }) => {
    const whole = values[parent] as JsonValue;
    return isText ? value : of === 0 ? whole : withValueAt(whole, steps.slice(0, depth), value);
  });
  table.put(
    root,
    utf8Column(placed.map((value) => (isText ? textOf(value) : jsonText(value)))),
    isText ? undefined : 'json',
  );
  table.hold(root, placed);
  table.put(index, int32Column(items.map((item) => item.index)));
  table.put(SOURCE_ROW_COLUMN, float64Column(parents.map((parent) => firstRow + parent)));
  return table.with(shape, wanted);
}

/** Columns of equal length, to which others are added. */
class Table {
  readonly #length: number;
  readonly #fields: Field[];
  readonly #columns: Data[];
  readonly #sourceRow: (at: number) => number;
  readonly #items: readonly Item[] | undefined;
  readonly #values = new Map<string, readonly JsonValue[]>();
  /** Of a row that no URL could be made of. */
  firstProblem: string | undefined;

  constructor({ numRows, schema, data }: RecordBatch, sourceRow: (at: number) => number, items?: readonly Item[]) {
    this.#length = numRows;
    this.#fields = [...schema.fields];
    this.#columns = [...(data.children as Data[])];
    this.#sourceRow = sourceRow;
    this.#items = items;
  }

  put(name: string, data: Data, kind?: 'json'): void {
    const field = new Field<DataType>(name, data.type, true, kind && kindMetadata(kind));
    const at = this.#at(name);
    this.#fields[at < 0 ? this.#fields.length : at] = field;
    this.#columns[at < 0 ? this.#columns.length : at] = data;
  }

  /** What a column's cells hold is known already. */
  hold(root: string, values: readonly JsonValue[]): void {
    this.#values.set(root, values);
  }

  with({ made, url }: Shape, wanted: ReadonlySet<string>): RecordBatch {
    for (const column of made) {
      // What a template is made of may be made itself, and nobody's wish.
      if (column.kind === 'path' ? this.#at(column.root) < 0 : !wanted.has(column.name)) continue;
      this.put(column.name, utf8Column(this.#make(column, column.name === url)));
    }
    return schemaBatch(new Schema(this.#fields), this.#length, this.#columns);
  }

  /** A column's cells: members and items of what is nested, JSON of text that is some. */
  valuesOf(name: string): readonly JsonValue[] {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const data = this.#columns[this.#at(name)];
    const values = data === undefined ? this.#nulls() : valuesIn(data);
    this.#values.set(name, values);
    return values;
  }

  #make(column: MadeColumn, isUrl: boolean): (string | null)[] {
    switch (column.kind) {
      case 'path':
        return this.#place(column.root, column.steps, isUrl);
      case 'template': {
        const texts = new Map<string, (string | null)[]>();
        for (const part of column.template)
          if (typeof part !== 'string') texts.set(part.column, this.#texts(part.column));
        return Array.from({ length: this.#length }, (_, at) => {
          const unread = [...texts.values()]
            .map((cells) => cells[at] ?? '')
            .find((cell) => badRowReason(cell) !== undefined);
          if (unread !== undefined) return unread;
          const filled = fillTemplate(column.template, (name) => texts.get(name)?.[at] ?? null);
          if ('url' in filled) return filled.url;
          const problem = `row ${this.#sourceRow(at)} ${filled.problem}`;
          this.firstProblem ??= problem;
          return unusableRowMark(problem);
        });
      }
      case 'first': {
        const texts = [column.name, ...column.others].map((name) => this.#texts(name));
        return Array.from({ length: this.#length }, (_, at) => {
          const found = texts.find((cells) => cells[at]?.trim());
          return found?.[at] ?? null;
        });
      }
      case 'key':
        return this.#texts(column.of).map((key, at) => {
          const item = this.#items?.[at];
          return key === null || key === '' || item === undefined || item.of < 2 ? key : `${key}_${item.index}`;
        });
    }
  }

  #place(root: string, steps: readonly string[], isUrl: boolean): (string | null)[] {
    return this.valuesOf(root).map((value, at) => {
      if (typeof value === 'string' && badRowReason(value) !== undefined) return isUrl ? value : null;
      const item = isUrl ? this.#items?.[at]?.value : undefined;
      return typeof item === 'string' ? item : textOf(valueAt(value, steps));
    });
  }

  #texts(name: string): (string | null)[] {
    const at = this.#at(name);
    return at < 0 ? this.#nulls() : plainTexts(this.#columns[at] as Data, this.#fields[at] as Field);
  }

  #nulls(): null[] {
    return new Array<null>(this.#length).fill(null);
  }

  #at(name: string): number {
    return this.#fields.findIndex((field) => field.name === name);
  }
}

function valuesIn(data: Data): JsonValue[] {
  if (isTextType(data.type)) return textColumn(data).map(cellValue);
  const read = jsonReader(data, 'text');
  return Array.from({ length: data.length }, (_, at) => read(at));
}

function unusable(problem: string): FlowDcError {
  const message = `${problem}: mend the row, or skip it with on_bad_row skip`;
  return new FlowDcError('FDC_ERR_MANIFEST_CORRUPT', message);
}

function jsonText(value: JsonValue): string | null {
  return value === null ? null : JSON.stringify(value);
}

function without(batch: RecordBatch, names: readonly string[]): RecordBatch {
  const kept = batch.schema.fields.flatMap((field, at) => (names.includes(field.name) ? [] : [at]));
  const fields = kept.map((at) => batch.schema.fields[at] as Field);
  const columns = kept.map((at) => batch.data.children[at] as Data);
  return schemaBatch(new Schema(fields), batch.numRows, columns);
}

/** About how many bytes a row has beside the list, for batches of rows that repeat it. */
function rowBytes(batch: RecordBatch, root: string): (row: number) => number {
  const texts: Data[] = [];
  let each = 0;
  for (const [at, { name, type }] of batch.schema.fields.entries()) {
    const data = batch.data.children[at] as Data;
    if (name === root) continue;
    if (isTextType(type) && !DataType.isDictionary(type)) texts.push(data);
    else each += data.byteLength / Math.max(1, batch.numRows);
  }
  return (row) =>
    texts.reduce((sum, { valueOffsets: offsets }) => sum + Number(offsets[row + 1]) - Number(offsets[row]), each);
}

/** The same text in every row, behind a batch's columns, for those of the names that it lacks. */
export async function* withConstants(
  batches: AsyncIterable<RecordBatch>,
  constants: ReadonlyMap<string, string | null>,
): AsyncGenerator<RecordBatch, void> {
  for await (const batch of batches) {
    const own = new Set(batch.schema.fields.map(({ name }) => name));
    const more = [...constants].filter(([name]) => !own.has(name));
    const fields = more.map(([name]) => new Field<DataType>(name, new Utf8(), true));
    const columns = more.map(([, text]) => utf8Column(new Array<string | null>(batch.numRows).fill(text)));
    const schema = new Schema([...batch.schema.fields, ...fields]);
    yield schemaBatch(schema, batch.numRows, [...(batch.data.children as Data[]), ...columns]);
  }
}
