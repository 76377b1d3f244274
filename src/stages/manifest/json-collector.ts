/** Rows of JSON until the columns are known, then cells. */
import type { RecordBatch } from 'apache-arrow';
import { viewOf } from '../../arrow/copy-bytes.ts';
import type { TextKind } from '../../arrow/typed-text.ts';
import { BATCH_BYTES, checkNames } from './bounds.ts';
import { SeenValues } from './column-kinds.ts';
import type { JsonRow } from './json-row-parser.ts';
import { jsonUnescaped, ObjectScanner } from './object-scanner.ts';
import { BATCH_ROWS, type TextInput, TextRows } from './text-rows.ts';

/** Keys that are named in warnings, at most. */
const NAMED_KEYS = 10;

export class JsonCollector {
  readonly #input: TextInput;
  readonly #first: JsonRow[] = [];
  /** Of those rows: their columns, by name, and about how many bytes they are. */
  readonly #columns = new Map<string, number>();
  #firstBytes = 0;
  #rows: TextRows | undefined;
  #isRaw: readonly boolean[] = [];
  readonly #unknown = new Set<string>();
  /** Of rows that have some of the columns and no others, once they are known. */
  scanner: ObjectScanner | undefined;

  constructor(input: TextInput) {
    this.#input = input;
  }

  get length(): number {
    return this.#rows?.length ?? this.#first.length;
  }

  /** There is enough to hand on. */
  get isFull(): boolean {
    return this.#rows?.isFull === true;
  }

  add(members: JsonRow): void {
    if (this.#rows !== undefined) this.#addCells(this.#rows, members);
    else this.#addFirst(members);
  }

  /** A row that bears why it could not be read where its URL is expected. */
  addBad(mark: string): void {
    const { urlColumn } = this.#input;
    this.add(new Map(urlColumn === undefined ? [] : [[urlColumn, { form: 'string', text: mark }]]));
  }

  /**
   * Add the rows that a scanner finds from `first` on.
   * @param found - told of the scanner after each lot of rows
   * @returns where the last row ends
   */
  scan(
    scanner: ObjectScanner,
    block: Buffer,
    first: number,
    isInArray: boolean,
    found: (scanner: ObjectScanner) => void,
  ): number {
    const view = viewOf(block);
    let from = first;
    do {
      scanner.scan(block, view, from, isInArray);
      const { bounds, rows, end: to } = scanner;
      if (rows > 0) {
        this.#rows?.addRows({ block, view, from, to, bounds, unescaped: jsonUnescaped, rows });
        found(scanner);
      }
      from = to;
    } while (scanner.isFull);
    return from;
  }

  *take(): Iterable<RecordBatch> {
    yield* (this.#rows ?? this.#settle()).take();
  }

  #addFirst(members: JsonRow): void {
    for (const [key, value] of members) {
      this.#firstBytes += key.length + (value?.text.length ?? 0);
      if (this.#columns.has(key)) continue;
      this.#columns.set(key, this.#columns.size);
      checkNames(this.#input.name, [key], this.#columns.size);
    }
    this.#first.push(members);
    if (this.#first.length === BATCH_ROWS || this.#firstBytes >= BATCH_BYTES) this.#settle();
  }

  #settle(): TextRows {
    const names = [...this.#columns.keys()];
    const kinds = this.#kinds(names);
    this.#rows = new TextRows(names, this.#input, kinds);
    this.#isRaw = names.map((_, column) => kinds?.[column] === 'json');
    if (names.length > 0) this.scanner = new ObjectScanner(names, this.#input.maxRecordBytes, this.#isRaw);
    for (const members of this.#first.splice(0)) this.#addCells(this.#rows, members);
    return this.#rows;
  }

  /** Undefined where all columns are to be text. */
  #kinds(names: readonly string[]): readonly TextKind[] | undefined {
    const { typesBy = 'nothing', name: file } = this.#input;
    if (typesBy === 'nothing') return undefined;
    const seen = names.map(() => new SeenValues());
    for (const members of typesBy === 'first row' ? this.#first.slice(0, 1) : this.#first)
      for (const [key, value] of members)
        if (value !== null) seen[this.#columns.get(key) as number]?.add(value.form, value.text);
    if (typesBy === 'first row') return seen.map(({ kindOfFirst }) => kindOfFirst);
    for (const [column, { isMixed }] of seen.entries())
      if (isMixed) this.#input.warn(`${file}: ${names[column]} holds text and other values: carried as text`);
    return seen.map(({ kind }) => kind);
  }

  #addCells(rows: TextRows, members: JsonRow): void {
    const cells = new Array<string | null | undefined>(rows.names.length);
    for (const [key, value] of members) {
      const column = this.#columns.get(key);
      if (column === undefined) this.#leaveOut(key, rows.total);
      else cells[column] = this.#isRaw[column] && value?.form === 'string' ? JSON.stringify(value.text) : value?.text;
    }
    rows.add(cells);
  }

  #leaveOut(key: string, row: number): void {
    if (this.#unknown.has(key) || this.#unknown.size >= NAMED_KEYS) return;
    this.#unknown.add(key);
    this.#input.warn(
      `${this.#input.name}: the key ${key} first turns up at row ${row}, after the columns were settled; it is ` +
        'left out',
    );
  }
}
