/** Rows of well-formed csv and tsv as csv-parse reads them: what the manifest reader must agree with. */
import { parse } from 'csv-parse/sync';

/** Empty cells are null; the header comes first, as it is. */
export function csvParseRows(chunks: readonly Buffer[], delimiter: string): (string | null)[][] {
  const rows: string[][] = parse(Buffer.concat(chunks), { delimiter, skip_empty_lines: true });
  return rows.map((cells, row) => (row === 0 ? cells : cells.map((cell) => cell || null)));
}
