/** Rows of csv or tsv. */
import type { RecordBatch } from 'apache-arrow';
import { CsvError, Parser } from 'csv-parse';
import { FlowDcError } from '../../errors.ts';
import { BATCH_ROWS, type TextInput, TextRows } from './text-rows.ts';

/** Longest cell: an unclosed quote would otherwise swallow the rest of a file of any size. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/**
 * Rows of csv or tsv: the first line names the columns, every cell is text. Quoted cells may hold line breaks; tsv
 * tolerates quotes inside of cells. FDC_ERR_MANIFEST_CORRUPT with the line where a row has too many or too few cells or
 * a quote is not closed; the rows before it are yielded first. FDC_ERR_MANIFEST_EMPTY without a header line.
 */
export async function* delimitedRows(input: TextInput, delimiter: string): AsyncGenerator<RecordBatch, void> {
  let rows: TextRows | undefined;
  const parser = new CellParser(delimiter, (cells) => {
    if (rows === undefined) rows = new TextRows(columnNames(cells, input), input);
    else rows.add(cells);
  });
  let failure: unknown;
  try {
    for await (const chunk of input.chunks) {
      failure = await write(parser, chunk);
      if (failure !== undefined) break;
      if (rows !== undefined && (rows.length >= BATCH_ROWS || (input.isLive && rows.length > 0))) yield* rows.take();
    }
    failure ??= await end(parser);
  } catch (error) {
    failure = error;
  }
  if (rows !== undefined) yield* rows.take();
  if (failure !== undefined) throw explain(failure, input);
  if (rows === undefined)
    throw new FlowDcError('FDC_ERR_MANIFEST_EMPTY', `${input.name} has no header line: expected column names and rows`);
  // A header alone still says which columns there are.
  if (rows.total === 0) yield rows.none();
}

/**
 * Records go to a function and not to the readable side: what was parsed before an error is then not lost in a stream's
 * buffer. csv-parse's own `on_record` does the same at twice the cost.
 */
class CellParser extends Parser {
  readonly #onCells: (cells: string[]) => void;

  constructor(delimiter: string, onCells: (cells: string[]) => void) {
    super({
      delimiter,
      bom: true,
      skip_empty_lines: true,
      relax_quotes: delimiter === '\t',
      max_record_size: MAX_RECORD_BYTES,
    });
    this.#onCells = onCells;
    this.resume();
  }

  override push(cells: string[] | null): boolean {
    if (cells === null) return super.push(null);
    this.#onCells(cells);
    return true;
  }
}

function write(parser: Parser, chunk: Buffer): Promise<unknown> {
  return new Promise((resolve) => {
    parser.once('error', resolve);
    parser.write(chunk, (error) => {
      parser.off('error', resolve);
      // A failed write reports twice, the second time as an event.
      if (error) parser.once('error', () => {});
      resolve(error ?? undefined);
    });
  });
}

function end(parser: Parser): Promise<unknown> {
  return new Promise((resolve) => {
    parser.once('error', resolve);
    parser.once('end', () => resolve(undefined));
    parser.end();
  });
}

/** Header cells as column names: empty ones are numbered, repeated ones get a suffix. */
function columnNames(cells: readonly string[], input: TextInput): string[] {
  const names: string[] = [];
  cells.forEach((cell, i) => {
    const wanted = cell.trim() || `column_${i + 1}`;
    let name = wanted;
    for (let n = 2; names.includes(name); n++) name = `${wanted}_${n}`;
    if (name !== wanted)
      input.warn(`${input.name}: the column name ${wanted} occurs again; that column is called ${name}`);
    names.push(name);
  });
  return names;
}

function explain(error: unknown, { name }: TextInput): unknown {
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
    return new FlowDcError(
      'FDC_ERR_MANIFEST_CORRUPT',
      `${line}: a quote is opened and never closed, or the file is cut off`,
      cause,
    );
  }
  return new FlowDcError(
    'FDC_ERR_MANIFEST_CORRUPT',
    `${line}: ${error.message.replace(/\s+/g, ' ').slice(0, 200)}`,
    cause,
  );
}
