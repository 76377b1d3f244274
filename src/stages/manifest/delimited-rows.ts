/** Rows of csv, tsv and their like. */
import type { RecordBatch } from 'apache-arrow';
import { viewOf } from '../../arrow/copy-bytes.ts';
import type { Unescaped } from '../../arrow/text-builder.ts';
import { FlowDcError } from '../../errors.ts';
import { BadRows } from './bad-rows.ts';
import { checkNames } from './bounds.ts';
import { countOf } from './byte-marks.ts';
import { columnNames } from './column-names.ts';
import type { FileDialect } from './dialect.ts';
import { isUrlText } from './guess-url.ts';
import { type LooseRecord, looseRecord } from './loose-record.ts';
import { lineAt } from './quoted-record.ts';
import { RecordScanner, unescapedOf } from './record-scanner.ts';
import { type TextInput, TextRows } from './text-rows.ts';

/** A record that is longer is looked at again only when twice as much of it is there. Chosen. */
const LONG_BYTES = 64 * 1024;
/** Where a quote was never closed others may not be either, and each would be followed to the longest record. Chosen. */
const SHORT_SPAN_BYTES = 64 * 1024;
/** Longer header lines are not looked for again. */
const LONG_HEADER_BYTES = 4096;
const MARK = Buffer.from('\ufeff');
/** The scanner looks so far ahead: a row is handed on when as many bytes follow it. */
const HELD_BYTES = 3;

/**
 * Rows of csv, tsv and their like: every cell is text unless the input says to find types, and the first line names the columns unless the dialect does.
 * Quoted cells may hold line breaks. A row with too many or too few cells, or a quote that is not closed, is one of
 * `BadRows`: skipped, or FDC_ERR_MANIFEST_CORRUPT behind the rows before it. FDC_ERR_MANIFEST_EMPTY without any line.
 */
export async function* delimitedRows(input: TextInput, dialect: FileDialect): AsyncGenerator<RecordBatch, void> {
  const file = new DelimitedFile(input, dialect);
  let failure: unknown;
  try {
    for await (const chunk of input.chunks) {
      file.give(chunk);
      const { rows } = file;
      if (rows?.isFull || (input.isLive && rows !== undefined && rows.length > 0)) yield* rows.take();
    }
    if (input.isCut !== true) file.finish();
  } catch (error) {
    failure = error;
  }
  const { rows } = file;
  if (rows !== undefined) yield* rows.take();
  if (failure !== undefined) throw failure;
  if (rows === undefined)
    throw new FlowDcError('FDC_ERR_MANIFEST_EMPTY', `${input.name} has no header line: expected column names and rows`);
  // A header alone still says which columns there are.
  if (rows.total === 0) yield rows.none();
}

/** A file on its way into rows: plain records by a scanner, which is 20 times as fast, odd ones one at a time. */
class DelimitedFile {
  readonly #input: TextInput;
  readonly #dialect: FileDialect;
  readonly #unescaped: Unescaped;
  readonly #bad: BadRows;
  /** Set by the header. */
  rows: TextRows | undefined;
  #scanner: RecordScanner | undefined;
  /** What no row was made of, and what came behind it and is not worth a look yet. */
  #rest: Buffer = Buffer.alloc(0);
  #more: Buffer[] = [];
  #moreBytes = 0;
  /** So much has to be there before it is looked at again. */
  #wantedBytes = 0;
  #line: number;
  #spanBytes = Number.POSITIVE_INFINITY;
  #header: Buffer = Buffer.alloc(0);
  /** What is said once. */
  readonly #said = new Set<string>();
  /** Bytes in front of the first record that are still to come. */
  #begin: number;

  constructor(input: TextInput, dialect: FileDialect) {
    this.#input = input;
    this.#dialect = dialect;
    this.#unescaped = unescapedOf(dialect);
    this.#bad = new BadRows(input);
    this.#line = dialect.begin.lines + 1;
    this.#begin = dialect.begin.bytes;
    if (dialect.columns !== undefined) this.#open(dialect.columns);
  }

  give(chunk: Buffer): void {
    const skipped = Math.min(this.#begin, chunk.length);
    this.#begin -= skipped;
    this.#more.push(chunk.subarray(skipped));
    this.#moreBytes += chunk.length - skipped;
    if (this.#moreBytes < this.#wantedBytes) return;
    this.#rest = this.#more.length === 1 && this.#rest.length === 0 ? (this.#more[0] as Buffer) : this.#joined();
    this.#more = [];
    this.#moreBytes = 0;
    this.#wantedBytes = 0;
    this.#read(false);
  }

  finish(): void {
    this.#rest = this.#joined();
    this.#read(true);
  }

  #joined(): Buffer {
    return Buffer.concat([this.#rest, ...this.#more]);
  }

  #read(isEnd: boolean): void {
    const block = this.#rest;
    const view = viewOf(block);
    let from = 0;
    while (from < block.length) {
      if (this.#scanner !== undefined) {
        from = this.#scan(this.#scanner, block, view, from);
        if (from === block.length || !(this.#scanner.isOdd || isEnd)) break;
      }
      const next = this.#readOdd(block, from, isEnd);
      if (next === undefined) break;
      from = next;
    }
    this.#rest = block.subarray(from);
  }

  /** Make rows of what is plain. Returns where what is not begins. */
  #scan(scanner: RecordScanner, block: Buffer, view: DataView, start: number): number {
    let from = start;
    scanner.line = this.#line;
    do {
      scanner.scan(block, view, from, block.length - HELD_BYTES);
      const { bounds, records, end } = scanner;
      if (records > 0)
        this.rows?.addRows({ block, view, from, to: end, bounds, unescaped: this.#unescaped, rows: records });
      this.#bad.good(records);
      from = end;
    } while (scanner.isFull);
    this.#line = scanner.line;
    return from;
  }

  /** Read a record that is not plain, or may not be. Returns where the next one begins, if it is all there. */
  #readOdd(block: Buffer, given: number, isEnd: boolean): number | undefined {
    // Files that were put one behind the other have a mark in front of what was another file.
    const from = MARK.equals(block.subarray(given, given + MARK.length)) ? given + MARK.length : given;
    if (from === block.length && isEnd) return from;
    const terms = {
      dialect: this.#dialect,
      columns: this.rows?.names.length,
      maxRecordBytes: this.#input.maxRecordBytes,
      maxSpanBytes: this.#spanBytes,
    };
    const record = looseRecord(block, from, isEnd, terms);
    if (record.kind === 'more') {
      const bytes = block.length - from;
      this.#wantedBytes = bytes > LONG_BYTES ? bytes : 0;
      return undefined;
    }
    if (record.kind === 'long') throw tooLong(this.#input, this.#line);
    if (record.kind === 'several') for (const one of record.records) this.#take(one, block, from);
    else this.#take(record, block, from);
    this.#line += countOf(block.subarray(from, record.end), this.#dialect.lineEnd.charCodeAt(0));
    return record.end;
  }

  #take(record: LooseRecord, block: Buffer, from: number): void {
    if (record.kind === 'bad') {
      this.#addBad(record.reason);
      if (record.isOpen === true) this.#spanBytes = SHORT_SPAN_BYTES;
    } else if (record.kind === 'short') this.#addShort(record.cells, record.reason);
    else if (record.kind === 'cells' && this.rows === undefined) {
      this.#header = headerLine(block, from, record.end, this.#dialect);
      checkNames(this.#input.name, record.cells, record.cells.length);
      const { name, warn } = this.#input;
      this.#open(
        columnNames(record.cells, (again, own) =>
          warn(`${name}: the column name ${again} occurs again; that column is called ${own}`),
        ),
      );
    } else if (record.kind === 'cells' && isSameLine(block, from, record.end, this.#header)) this.#sayHeader();
    else if (record.kind === 'cells') {
      this.#add(record.cells);
      this.#bad.good(1);
    }
  }

  /** Nothing tells an empty text from none. */
  #add(cells: readonly string[]): void {
    this.rows?.add(cells.map((cell) => (cell === '' ? null : cell)));
  }

  /** As pandas has it: what is missing is null. Without a URL it is no row. */
  #addShort(cells: readonly string[], reason: string): void {
    const url = this.rows?.names.indexOf(this.#input.urlColumn ?? '') ?? -1;
    if (url >= 0 && !isUrlText(cells[url] ?? '')) return this.#addBad(reason);
    this.#add(cells);
    this.#bad.good(1);
    this.#say('short', `line ${this.#line} ${reason}: the rest is null there, and in others of the kind`);
  }

  #sayHeader(): void {
    this.#say('header', `line ${this.#line} is the header again: it is left out, as are others of the kind`);
  }

  #say(kind: string, what: string): void {
    if (this.#said.has(kind)) return;
    this.#said.add(kind);
    this.#input.warn(`${this.#input.name}, ${what}`);
  }

  #addBad(reason: string): void {
    const mark = this.#bad.note(this.#line, ` ${reason}`);
    const { urlColumn } = this.#input;
    this.rows?.add(this.rows.names.map((column) => (column === urlColumn ? mark : null)));
  }

  #open(names: readonly string[]): void {
    this.rows = new TextRows(names, this.#input, this.#input.typesBy === 'first rows' ? 'inferred' : undefined);
    this.#scanner = new RecordScanner(names.length, this.#dialect, this.#input.maxRecordBytes, this.#header);
  }
}

/** A copy of the header's line; nothing of a long one. */
function headerLine(block: Buffer, from: number, end: number, dialect: FileDialect): Buffer {
  const { stop } = lineAt(block, from, end, dialect);
  return stop - from > LONG_HEADER_BYTES ? Buffer.alloc(0) : Buffer.from(block.subarray(from, stop));
}

function isSameLine(block: Buffer, from: number, end: number, line: Buffer): boolean {
  const stop = from + line.length;
  if (line.length === 0 || stop > end || block.compare(line, 0, line.length, from, stop) !== 0) return false;
  return block.subarray(stop, end).every((byte) => byte === 0x0d || byte === 0x0a);
}

function tooLong({ name, maxRecordBytes }: TextInput, line: number): FlowDcError {
  const message = `${name}, line ${line} has over ${maxRecordBytes} bytes (max_record): expected rows, one per line`;
  return new FlowDcError('FDC_ERR_MANIFEST_CORRUPT', message);
}
