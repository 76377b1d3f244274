/** Rows of a JSON array or of JSON objects in sequence. */
import { StringDecoder } from 'node:string_decoder';
import type { RecordBatch } from 'apache-arrow';
import { isFlowDcError } from '../../errors.ts';
import type { JsonRow } from './json-row-parser.ts';
import { JsonRowParser } from './json-row-parser.ts';
import { BATCH_ROWS, type TextInput, TextRows } from './text-rows.ts';

/** Keys that are named in warnings, at most. */
const NAMED_KEYS = 10;

/**
 * Rows of a JSON array or of JSON objects in sequence; an array of strings is a list of URLs. All columns are text:
 * numbers keep their digits, nested values become JSON text without white space. The columns are the keys of the first
 * 8192 rows (of the first chunk, for live input); a key that turns up later is left out, with a warning.
 * FDC_ERR_MANIFEST_CORRUPT with the line that a row which is not valid JSON begins on; the rows before it are yielded
 * first.
 */
export async function* jsonRows(input: TextInput): AsyncGenerator<RecordBatch, void> {
  const collector = new Collector(input);
  const parser = new JsonRowParser(input.name, (row) => collector.add(row));
  try {
    for await (const text of decoded(input.chunks)) {
      parser.write(text);
      if (collector.length >= BATCH_ROWS || (input.isLive && collector.length > 0)) yield* collector.take();
    }
    parser.end();
  } catch (error) {
    if (!isFlowDcError(error)) throw error;
    yield* collector.take();
    throw error;
  }
  yield* collector.take();
}

/** Decode a chunked byte stream as UTF-8, characters cut in two included, without its byte order mark. */
async function* decoded(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  const decoder = new StringDecoder('utf8');
  let isFirst = true;
  for await (const chunk of chunks) {
    const text = decoder.write(chunk);
    yield isFirst ? text.replace(/^\ufeff/, '') : text;
    isFirst &&= text === '';
  }
  yield decoder.end();
}

/** Rows until the columns are known, then cells. */
class Collector {
  readonly #input: TextInput;
  readonly #first: JsonRow[] = [];
  #rows: TextRows | undefined;
  readonly #unknown = new Set<string>();

  constructor(input: TextInput) {
    this.#input = input;
  }

  get length(): number {
    return this.#rows?.length ?? this.#first.length;
  }

  add(members: JsonRow): void {
    if (this.#rows !== undefined) this.#addCells(this.#rows, members);
    else if (this.#first.push(members) === BATCH_ROWS) this.#settle();
  }

  *take(): Iterable<RecordBatch> {
    yield* (this.#rows ?? this.#settle()).take();
  }

  #settle(): TextRows {
    const names = new Set(this.#first.flatMap((members) => [...members.keys()]));
    this.#rows = new TextRows([...names], this.#input);
    for (const members of this.#first.splice(0)) this.#addCells(this.#rows, members);
    return this.#rows;
  }

  #addCells(rows: TextRows, members: JsonRow): void {
    const cells = rows.names.map((name) => members.get(name));
    for (const key of members.keys()) if (!rows.names.includes(key)) this.#leaveOut(key, rows.total);
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
