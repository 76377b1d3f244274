import type { RecordBatch } from 'apache-arrow';
import { isFlowDcError } from '../../errors.ts';
import { jsonMembers } from './json-members.ts';
import { decoded, JsonSplitter, type JsonText } from './json-values.ts';
import { BATCH_ROWS, type TextInput, TextRows } from './text-rows.ts';

/** Keys that are named in warnings, at most. */
const NAMED_KEYS = 10;

type Members = ReadonlyMap<string, string | null>;

/**
 * Rows of a JSON array or of JSON objects in sequence; an array of strings is a list of URLs. All columns are text: numbers keep
 * their digits, nested values stay JSON text. The columns are the keys of the first 8192 rows (of the first chunk, for live input); a key
 * that turns up later is left out, with a warning. FDC_ERR_MANIFEST_CORRUPT with the line of a row that is not valid JSON; the
 * rows before it are yielded first.
 */
export async function* jsonRows(input: TextInput): AsyncGenerator<RecordBatch, void> {
  const splitter = new JsonSplitter(input);
  const collector = new Collector(input);
  try {
    for await (const text of decoded(input.chunks)) {
      for (const value of splitter.write(text)) collector.add(membersOf(value, splitter));
      if (collector.length >= BATCH_ROWS || (input.isLive && collector.length > 0)) yield* collector.take();
    }
    splitter.end();
  } catch (error) {
    if (!isFlowDcError(error)) throw error;
    yield* collector.take();
    throw error;
  }
  yield* collector.take();
}

function membersOf({ text, line }: JsonText, splitter: JsonSplitter): Members {
  try {
    return text.startsWith('"') ? new Map([['url', JSON.parse(text) as string]]) : jsonMembers(text);
  } catch (error) {
    throw splitter.corrupt(line, `not valid JSON (${(error as SyntaxError).message.replace(/\s+/g, ' ').slice(0, 120)})`);
  }
}

/** Rows until the columns are known, then cells. */
class Collector {
  readonly #input: TextInput;
  readonly #first: Members[] = [];
  #rows: TextRows | undefined;
  readonly #unknown = new Set<string>();

  constructor(input: TextInput) {
    this.#input = input;
  }

  get length(): number {
    return this.#rows?.length ?? this.#first.length;
  }

  add(members: Members): void {
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

  #addCells(rows: TextRows, members: Members): void {
    const cells = rows.names.map((name) => members.get(name));
    for (const key of members.keys()) if (!rows.names.includes(key)) this.#leaveOut(key, rows.total);
    rows.add(cells);
  }

  #leaveOut(key: string, row: number): void {
    if (this.#unknown.has(key) || this.#unknown.size >= NAMED_KEYS) return;
    this.#unknown.add(key);
    this.#input.warn(`${this.#input.name}: the key ${key} first turns up at row ${row}, after the columns were settled; it is left out`);
  }
}
