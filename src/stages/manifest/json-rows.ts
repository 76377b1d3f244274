/** Rows of JSON: lines, an array, or what tools make of a table. */
import type { RecordBatch } from 'apache-arrow';
import { FlowDcError, isFlowDcError } from '../../errors.ts';
import { BadRows } from './bad-rows.ts';
import { extension } from './detect-format.ts';
import { JsonCollector } from './json-collector.ts';
import { JsonFile } from './json-file.ts';
import { JsonLines } from './json-lines.ts';
import { type JsonShape, shapeOf } from './json-shape.ts';
import { withoutNaN } from './not-a-number.ts';
import { reshaping } from './reshape-json.ts';
import type { TextInput } from './text-rows.ts';

/** So much of most texts tells their shape; of the others twice as much, again and again, up to the longest row. */
const SHAPE_BYTES = 64 * 1024;
/** What is live is looked at again, from its beginning, when it has grown so much. Chosen: in all, some nine times. */
const LIVE_GROWTH = 1.125;
/** Of so many lines, one that is an object says that lines are rows. */
const SHAPE_LINES = 3;

const MARK = Buffer.from('\ufeff');

interface Reader {
  give(chunk: Buffer): void;
  finish(): void;
}

/**
 * Rows of a JSON array or of JSON objects in sequence; an array of strings is a list of URLs; other shapes are those of
 * json-shape.ts. Columns have the types of their first values, if the input says so, else all are text: numbers keep
 * their digits, nested values become JSON text without white space; NaN and infinities are null. The columns are the
 * keys of the first 8192 rows (of the first chunk, for live input); a key that turns up later is left out, with a
 * warning. A line that is no row is one of `BadRows`; where rows are not lines, FDC_ERR_MANIFEST_CORRUPT with the line
 * that a row which is not valid JSON begins on, and the rows before it are yielded first.
 */
export async function* jsonRows(input: TextInput): AsyncGenerator<RecordBatch, void> {
  const rows = new JsonCollector(input);
  const file = new JsonText(input, rows);
  const chunks = new UntilFault(withoutNaN(input.chunks));
  try {
    for await (const chunk of chunks) {
      file.give(chunk);
      if (rows.isFull || (input.isLive && rows.length > 0)) yield* rows.take();
    }
    if (chunks.fault !== undefined) file.begin();
    else if (input.isCut !== true) file.finish();
  } catch (error) {
    // Beyond the bounds of columns there is nothing that rows could be made of.
    if (!isFlowDcError(error) || error.code === 'FDC_ERR_MANIFEST_TOO_WIDE') throw error;
    yield* rows.take();
    throw error;
  }
  yield* rows.take();
  if (chunks.fault !== undefined) throw chunks.fault;
}

/** What came before a stream failed, which need not be enough to tell what it is. */
class UntilFault implements AsyncIterable<Buffer> {
  fault: FlowDcError | undefined;
  readonly #chunks: AsyncIterable<Buffer>;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    try {
      yield* this.#chunks;
    } catch (error) {
      if (!isFlowDcError(error)) throw error;
      this.fault = error;
    }
  }
}

/** A text whose beginning tells how it is read. */
class JsonText {
  readonly #input: TextInput;
  readonly #rows: JsonCollector;
  #reader: Reader | undefined;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #enoughBytes = SHAPE_BYTES;
  /** Of what is live, where a look has told nothing. */
  #rowBytes = 0;

  constructor(input: TextInput, rows: JsonCollector) {
    this.#input = input;
    this.#rows = rows;
  }

  give(chunk: Buffer): void {
    if (this.#reader !== undefined) return this.#reader.give(chunk);
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    // What is live tells by its first row.
    const isRow = this.#input.isLive && this.#bytes >= this.#rowBytes && endsRow(chunk.toString('latin1'));
    if (isRow || this.#bytes >= this.#enoughBytes) this.#begin(this.#input.isLive, false);
  }

  /** No more is to come that could tell. */
  begin(): void {
    if (this.#reader === undefined) this.#begin(false, true);
  }

  finish(): void {
    this.begin();
    this.#reader?.finish();
  }

  /** @param isWhole - what is there has to tell */
  #begin(isLive: boolean, isWhole: boolean): void {
    const all = Buffer.concat(this.#pieces);
    const beginning = MARK.equals(all.subarray(0, MARK.length)) ? all.subarray(MARK.length) : all;
    const head = beginning.toString('utf8', 0, 2 * this.#enoughBytes);
    const isLines = hasRowLines(head, isWhole);
    const { name, warn, maxRecordBytes } = this.#input;
    const shape = this.#shape(head, isWhole, isLines && (isLive || extension(name) === 'jsonl'));
    if (shape === undefined && this.#bytes < maxRecordBytes) {
      this.#pieces = [all];
      this.#enoughBytes = Math.min(maxRecordBytes, Math.max(SHAPE_BYTES, 2 * this.#bytes));
      this.#rowBytes = Math.ceil(this.#bytes * LIVE_GROWTH);
      return;
    }
    if (shape === undefined) throw noRow(name, maxRecordBytes);
    const said = saidOf(shape);
    if (said !== undefined) warn(`${name}: ${said}`);
    this.#reader =
      shape.kind === 'rows' && isLines
        ? new JsonLines(this.#input, this.#rows, new BadRows(this.#input))
        : new JsonFile(
            this.#input,
            this.#rows,
            reshaping(shape, (what) => warn(`${name}: ${what}`)),
          );
    this.#pieces = [];
    this.#reader.give(beginning);
  }

  #shape(head: string, isWhole: boolean, isAlone: boolean): JsonShape | undefined {
    const { rowsAt, areRows } = this.#input;
    if (areRows === true) return { kind: 'rows' };
    if (rowsAt !== undefined) return { kind: 'member', path: rowsAt, isGiven: true };
    const shape = shapeOf(head, isWhole);
    // A row that came alone, or is the only line, may hold lists; a file that is one object is about them.
    return isAlone && ['member', 'search', 'lists'].includes(shape?.kind ?? '') ? { kind: 'rows' } : shape;
  }
}

function noRow(name: string, bytes: number): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_MANIFEST_CORRUPT',
    `${name}: its first ${bytes} bytes (max_record) have no URL: name the list that its rows are in with rows_at`,
  );
}

/** Whether a line or a value ends there, white space aside. */
function endsRow(text: string): boolean {
  const end = text.trimEnd();
  return /[}\],"]$/.test(end) || text.slice(end.length).includes('\n');
}

/** What a shape is read as; undefined for rows, for those that were asked for, and for what is said when it is known. */
function saidOf(shape: JsonShape): string | undefined {
  switch (shape.kind) {
    case 'rows':
    case 'lists':
      return undefined;
    case 'paths':
      return 'an object of names and URLs is read as rows of path and url';
    case 'named rows':
      return 'an object of rows is read as rows, what they are called as the column name';
    case 'columns':
      return 'an object of columns is read as a table';
    case 'split':
      return 'columns and data are read as a table';
    case 'member':
      return shape.isGiven ? undefined : `its rows are those of the member ${shape.path}; rows_at says another one`;
    case 'search':
      return 'its rows are those of the first list with URLs in its objects; rows_at says another one';
    case 'features':
      return 'its rows are those of the member features, with their properties as columns';
    case 'arrays':
      return `arrays are read as rows${shape.names === undefined ? '' : ', the first as their names'}`;
  }
}

function hasRowLines(head: string, isWhole: boolean): boolean {
  if (!/^\s*\{/.test(head)) return false;
  const lines = head.split('\n', SHAPE_LINES + 1).slice(0, isWhole ? SHAPE_LINES : -1);
  return lines.some((line) => {
    try {
      return line.trim() !== '' && typeof JSON.parse(line.replace(/,\s*$/, '')) === 'object';
    } catch {
      return false;
    }
  });
}
