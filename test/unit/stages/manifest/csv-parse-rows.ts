/** Rows of csv or tsv as csv-parse alone reads them, all of them cell by cell: what the manifest reader must agree with. */
import { CsvError, Parser } from 'csv-parse';

export interface ParsedRows {
  readonly rows: readonly (readonly (string | null)[])[];
  /** Of the first record that it cannot read, as csv-parse counts lines. */
  readonly fault?: Fault;
}

export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly lines: number;
  readonly cells: number | undefined;
}

export function faultOf(error: CsvError): Fault {
  const { code, message, lines, record } = error as CsvError & { lines: number; record?: string[] };
  return { code, message, lines, cells: record?.length };
}

/** Empty cells are null; the header comes first, as it is. */
export async function csvParseRows(chunks: readonly Buffer[], delimiter: string): Promise<ParsedRows> {
  const rows: (string | null)[][] = [];
  const parser = new (class extends Parser {
    override push(cells: string[] | null): boolean {
      if (cells === null) return super.push(null);
      rows.push(rows.length === 0 ? cells : cells.map((cell) => cell || null));
      return true;
    }
  })({
    delimiter,
    bom: true,
    skip_empty_lines: true,
    relax_quotes: delimiter === '\t',
    max_record_size: 16 * 1024 * 1024,
  });
  parser.resume();
  const error = await new Promise<unknown>((resolve) => {
    parser.on('error', resolve);
    parser.on('end', () => resolve(undefined));
    for (const chunk of chunks) parser.write(chunk);
    parser.end();
  });
  if (error === undefined) return { rows };
  if (!(error instanceof CsvError)) throw error;
  return { rows, fault: faultOf(error) };
}
