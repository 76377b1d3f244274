/** Rows of csv or tsv. */
import type { RecordBatch } from 'apache-arrow';
import { CsvError } from 'csv-parse';
import { viewOf } from '../../arrow/copy-bytes.ts';
import { FlowDcError } from '../../errors.ts';
import { checkNames } from './bounds.ts';
import { type Known, OddRecords } from './odd-records.ts';
import { csvUnescaped, type Dialect, RecordScanner } from './record-scanner.ts';
import { type TextInput, TextRows } from './text-rows.ts';

/** What csv-parse does not look at before more bytes come: a row is handed on no sooner than it would. */
const HELD_BYTES = 3;

/**
 * Rows of csv or tsv: the first line names the columns, every cell is text. Quoted cells may hold line breaks; tsv
 * tolerates quotes inside of cells. FDC_ERR_MANIFEST_CORRUPT with the line where a row has too many or too few cells or
 * a quote is not closed; the rows before it are yielded first. FDC_ERR_MANIFEST_EMPTY without a header line.
 */
export async function* delimitedRows(input: TextInput, delimiter: string): AsyncGenerator<RecordBatch, void> {
  const file = new DelimitedFile(input, delimiter);
  let failure: unknown;
  try {
    for await (const chunk of input.chunks) {
      failure = await file.give(chunk);
      if (failure !== undefined) break;
      const { rows } = file;
      if (rows?.isFull || (input.isLive && rows !== undefined && rows.length > 0)) yield* rows.take();
    }
    if (input.isCut !== true) failure ??= await file.finish();
  } catch (error) {
    failure = error;
  }
  const { rows } = file;
  if (rows !== undefined) yield* rows.take();
  if (failure !== undefined) throw explain(failure, input);
  if (rows === undefined)
    throw new FlowDcError('FDC_ERR_MANIFEST_EMPTY', `${input.name} has no header line: expected column names and rows`);
  // A header alone still says which columns there are.
  if (rows.total === 0) yield rows.none();
}

/**
 * A file on its way into rows: plain records by a scanner, which is 20 times as fast, and those that are not by
 * csv-parse, one at a time. What a file means, and what is wrong with one, is what csv-parse says of it.
 */
class DelimitedFile {
  readonly #input: TextInput;
  readonly #delimiter: string;
  readonly #looseQuotes: boolean;
  /** Set by the header. */
  rows: TextRows | undefined;
  #known: Known | undefined;
  #scanner: RecordScanner | undefined;
  /** What no row was made of, unless `#odd` has it. */
  #rest: Buffer = Buffer.alloc(0);
  /** What is at work on an odd record. */
  #odd: OddRecords | undefined;

  constructor(input: TextInput, delimiter: string) {
    this.#input = input;
    this.#delimiter = delimiter;
    this.#looseQuotes = delimiter === '\t';
    this.#odd = this.#oddRecords(true);
  }

  /** Resolves with what is wrong with the file, if something is. */
  async give(chunk: Buffer): Promise<unknown> {
    if (this.#odd === undefined) this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let given = chunk;
    for (;;) {
      if (this.#odd !== undefined) {
        const failure = await this.#odd.give(given);
        if (failure !== undefined || this.#odd.found === 0) return failure;
        this.#resume(this.#odd);
      }
      if (!this.#scan()) return undefined;
      this.#odd = this.#oddRecords(true);
      given = this.#rest;
    }
  }

  async finish(): Promise<unknown> {
    if (this.#odd !== undefined) {
      const failure = await this.#odd.finish();
      if (failure !== undefined || this.#odd.found === 0) return failure;
      this.#resume(this.#odd);
    }
    if (this.#rest.length === 0) return undefined;
    const last = this.#oddRecords(false);
    return (await last.give(this.#rest)) ?? (await last.finish());
  }

  #oddRecords(justOne: boolean): OddRecords {
    const options = {
      delimiter: this.#delimiter,
      looseQuotes: this.#looseQuotes,
      known: this.#known,
      line: this.#scanner?.line ?? 1,
      justOne,
      maxRecordBytes: this.#input.maxRecordBytes,
    };
    return new OddRecords(options, (cells) => {
      if (this.rows === undefined) this.rows = new TextRows(columnNames(cells, this.#input), this.#input);
      else this.rows.add(cells);
    });
  }

  /** Go on behind an odd record. */
  #resume(odd: OddRecords): void {
    this.#rest = odd.rest;
    this.#odd = undefined;
    if (this.#known === undefined) this.#learn(odd);
    if (this.#scanner !== undefined) this.#scanner.line = odd.line;
  }

  /** The header was read: from here on it is known what a record looks like. */
  #learn({ options }: OddRecords): void {
    const columns = this.rows?.names.length ?? 0;
    // The header may be all there is, without a line break.
    const lineEnd = String((options.record_delimiter as readonly Buffer[])[0] ?? '\n') as Dialect['lineEnd'];
    const dialect = { delimiter: this.#delimiter, lineEnd, looseQuotes: this.#looseQuotes };
    this.#known = { dialect, columns };
    this.#scanner = new RecordScanner(columns, dialect, this.#input.maxRecordBytes);
  }

  /** Make rows of what is plain of the rest. Returns whether an odd record follows. */
  #scan(): boolean {
    const [scanner, rows, block] = [this.#scanner as RecordScanner, this.rows as TextRows, this.#rest];
    const view = viewOf(block);
    let from = 0;
    do {
      scanner.scan(block, view, from, block.length - HELD_BYTES);
      const { bounds, records, end } = scanner;
      if (records > 0) rows.addRows({ block, view, from, to: end, bounds, unescaped: csvUnescaped, rows: records });
      from = end;
    } while (scanner.isFull);
    this.#rest = block.subarray(from);
    return scanner.isOdd;
  }
}

/** Header cells as column names: empty ones are numbered, repeated ones get a suffix. */
function columnNames(cells: readonly string[], input: TextInput): string[] {
  checkNames(input.name, cells, cells.length);
  const names = new Set<string>();
  /** By name: the number that was free last, so that thousands of the same name take no longer than others. */
  const numbers = new Map<string, number>();
  cells.forEach((cell, i) => {
    const wanted = cell.trim() || `column_${i + 1}`;
    let name = wanted;
    let n = numbers.get(wanted) ?? 1;
    while (names.has(name)) name = `${wanted}_${++n}`;
    numbers.set(wanted, n);
    if (name !== wanted)
      input.warn(`${input.name}: the column name ${wanted} occurs again; that column is called ${name}`);
    names.add(name);
  });
  return [...names];
}

function explain(error: unknown, { name, maxRecordBytes }: TextInput): unknown {
  if (!(error instanceof CsvError)) return error;
  const { code, lines, record } = error as CsvError & { lines?: number; record?: string[] };
  const line = `${name}, line ${lines ?? '?'}`;
  const cause = { cause: error };
  if (code === 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH') {
    const found = `has ${record?.length ?? 'another number of'} cells, unlike the header`;
    return new FlowDcError(
      'FDC_ERR_MANIFEST_CORRUPT',
      `${line} ${found}: put cells that hold the delimiter in quotes`,
      cause,
    );
  }
  if (code === 'CSV_QUOTE_NOT_CLOSED' || code === 'CSV_MAX_RECORD_SIZE') {
    const found =
      code === 'CSV_QUOTE_NOT_CLOSED'
        ? 'or the file is cut off'
        : `or a record has over ${maxRecordBytes} bytes (max_record)`;
    return new FlowDcError('FDC_ERR_MANIFEST_CORRUPT', `${line}: a quote is opened and never closed, ${found}`, cause);
  }
  return new FlowDcError(
    'FDC_ERR_MANIFEST_CORRUPT',
    `${line}: ${error.message.replace(/\s+/g, ' ').slice(0, 200)}`,
    cause,
  );
}
