/** Rows of a JSON array or of JSON objects in sequence. */
import { StringDecoder } from 'node:string_decoder';
import type { RecordBatch } from 'apache-arrow';
import { viewOf } from '../../arrow/copy-bytes.ts';
import type { TextKind } from '../../arrow/typed-text.ts';
import { isFlowDcError } from '../../errors.ts';
import { BATCH_BYTES, checkNames } from './bounds.ts';
import { SeenValues } from './column-kinds.ts';
import type { JsonRow } from './json-row-parser.ts';
import { JsonRowParser } from './json-row-parser.ts';
import { jsonUnescaped, ObjectScanner } from './object-scanner.ts';
import { BATCH_ROWS, type BlockRows, type TextInput, TextRows } from './text-rows.ts';

/** What may stand between two rows. */
const BETWEEN = Buffer.from(' \t\r\n,[]');
const [OPEN, CLOSE] = [0x7b, 0x7d];

/** Keys that are named in warnings, at most. */
const NAMED_KEYS = 10;

/**
 * Rows of a JSON array or of JSON objects in sequence; an array of strings is a list of URLs. Columns have the types of
 * their first values, if the input says so, else all are text: numbers keep their digits, nested values become JSON text
 * without white space. The columns are the keys of the first
 * 8192 rows (of the first chunk, for live input); a key that turns up later is left out, with a warning.
 * FDC_ERR_MANIFEST_CORRUPT with the line that a row which is not valid JSON begins on; the rows before it are yielded
 * first.
 */
export async function* jsonRows(input: TextInput): AsyncGenerator<RecordBatch, void> {
  const rows = new Collector(input);
  const file = new JsonFile(input, rows);
  try {
    for await (const chunk of input.chunks) {
      file.give(chunk);
      if (rows.isFull || (input.isLive && rows.length > 0)) yield* rows.take();
    }
    if (input.isCut !== true) file.finish();
  } catch (error) {
    // Beyond the bounds of columns there is nothing that rows could be made of.
    if (!isFlowDcError(error) || error.code === 'FDC_ERR_MANIFEST_TOO_WIDE') throw error;
    yield* rows.take();
    throw error;
  }
  yield* rows.take();
}

/**
 * A file on its way into rows: plain objects by a scanner, which is several times as fast, everything else by a parser.
 * What a file means, and what is wrong with one, is what the parser says of it.
 */
class JsonFile {
  readonly #rows: Collector;
  readonly #parser: JsonRowParser;
  readonly #decoder = new StringDecoder('utf8');
  #isFirst = true;
  /** The decoder holds nothing back: it ended with a bracket, whole rows aside. */
  #isAtBracket = false;
  /** The beginning of a row that the scanner could not tell the end of. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(input: TextInput, rows: Collector) {
    this.#rows = rows;
    this.#parser = new JsonRowParser(input.name, input.maxRecordBytes, (row) => rows.add(row));
  }

  /** Errors: those of JsonRowParser. */
  give(chunk: Buffer): void {
    const block = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = Buffer.alloc(0);
    for (let from = 0; from < block.length; ) {
      const { scanner } = this.#rows;
      const isScanned = scanner !== undefined && this.#isAtBracket && this.#parser.place !== 'elsewhere';
      if (isScanned) from = this.#scan(scanner, block, from);
      if (isScanned && !scanner.isOdd) {
        this.#rest = block.subarray(from);
        return;
      }
      const to = scanner === undefined ? block.length : this.#endOfRow(block, from);
      this.#parse(block.subarray(from, to));
      from = to;
    }
  }

  finish(): void {
    this.#parse(this.#rest);
    this.#parser.write(this.#decoder.end());
    this.#parser.end();
  }

  /** Where a row that is not plain may end: the next one may be. All there is, for what is no row. */
  #endOfRow(block: Buffer, from: number): number {
    let at = from;
    while (!this.#parser.isInRow && at < block.length && BETWEEN.includes(block[at] as number)) at++;
    const end = this.#parser.isInRow || block[at] === OPEN ? block.indexOf(CLOSE, from) : -1;
    return end < 0 ? block.length : end + 1;
  }

  /** Returns where the last row ends that it found. */
  #scan(scanner: ObjectScanner, block: Buffer, first: number): number {
    const view = viewOf(block);
    const isInArray = this.#parser.place === 'behind an element';
    let from = first;
    do {
      scanner.scan(block, view, from, isInArray);
      const { bounds, rows, end } = scanner;
      if (rows > 0) this.#rows.addRows({ block, view, from, to: end, bounds, unescaped: jsonUnescaped, rows });
      if (rows > 0) this.#parser.passOver(scanner);
      from = end;
    } while (scanner.isFull);
    return from;
  }

  #parse(bytes: Buffer): void {
    const text = this.#decoder.write(bytes);
    this.#parser.write(this.#isFirst ? text.replace(/^\ufeff/, '') : text);
    this.#isFirst &&= text === '';
    this.#isAtBracket = bytes.at(-1) === CLOSE;
  }
}

/** Rows until the columns are known, then cells. */
class Collector {
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

  addRows(rows: BlockRows): void {
    this.#rows?.addRows(rows);
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
