/** How wide and deep an input may be: what is beyond is refused in one line, and what is within takes linear time. */
import { FlowDcError } from '../../errors.ts';

/** Columns, of nested ones the leaves. A row is a cell in each: with more, rows alone take seconds. */
const MAX_COLUMNS = 5000;
/** Characters of a column's name. */
const MAX_NAME_CHARS = 1000;
/** Brackets within brackets in one JSON value: readers of what is stored may go into it by recursion. */
export const MAX_NESTING = 100;
/** Cells of a batch: of many columns fewer rows are held at once. */
export const BATCH_CELLS = 1024 * 1024;
/** Bytes from which on a batch is full, however few rows it has. */
export const BATCH_BYTES = 32 * 1024 * 1024;

/** Column names that can be carried. FDC_ERR_MANIFEST_TOO_WIDE beyond the bounds. */
export function checkNames(input: string, names: Iterable<string>, columns: number): void {
  if (columns > MAX_COLUMNS)
    throw tooWide(
      `${input} has over ${MAX_COLUMNS} columns: leave out what is not needed (at most ${MAX_COLUMNS} are read)`,
    );
  for (const name of names)
    if (name.length > MAX_NAME_CHARS)
      throw tooWide(
        `${input} has a column name of ${name.length} characters: the names of a header have at most ` +
          `${MAX_NAME_CHARS}`,
      );
}

export function tooWide(message: string): FlowDcError {
  return new FlowDcError('FDC_ERR_MANIFEST_TOO_WIDE', message);
}
