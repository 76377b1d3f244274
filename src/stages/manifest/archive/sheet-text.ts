/** A sheet as csv, in one pass: what its columns are is told by its first rows. */
import type { SheetRow } from './sheet-rows.ts';
import { isAddress } from './workbook.ts';

/** Rows, or characters of them, that say what the columns are. */
const SAMPLE_ROWS = 1000;
const SAMPLE_CHARS = 1024 * 1024;
/** Lines are handed on from so many characters on. */
const PIECE_CHARS = 64 * 1024;

export interface SheetStart {
  readonly rows: readonly SheetRow[];
  /** There is a URL among them. */
  readonly hasAddress: boolean;
}

/** The first rows of a sheet. */
export async function startOf(rows: AsyncIterable<readonly SheetRow[]>): Promise<SheetStart> {
  for await (const { start } of withStart(rows)) return start;
  return { rows: [], hasAddress: false };
}

/** @param warn - told what is left out */
export async function* sheetText(
  rows: AsyncIterable<readonly SheetRow[]>,
  warn: (message: string) => void,
): AsyncGenerator<Buffer, void> {
  let layout: Layout | undefined;
  let lines = '';
  for await (const { start, more } of withStart(rows)) {
    layout ??= new Layout(start.rows, warn);
    for (const row of more) {
      lines += layout.line(row);
      if (lines.length < PIECE_CHARS) continue;
      yield Buffer.from(lines);
      lines = '';
    }
    if (lines !== '') yield Buffer.from(lines);
    lines = '';
  }
}

/** Rows as they come, the first ones together. */
async function* withStart(
  rows: AsyncIterable<readonly SheetRow[]>,
): AsyncGenerator<{ readonly start: SheetStart; readonly more: readonly SheetRow[] }, void> {
  let start: SheetStart | undefined;
  const first: SheetRow[] = [];
  let chars = 0;
  let fault: { readonly error: unknown } | undefined;
  try {
    for await (const more of rows) {
      if (start !== undefined) {
        yield { start, more };
        continue;
      }
      for (const row of more) {
        first.push(row);
        chars += row.cells.reduce((sum, cell) => sum + (cell?.length ?? 0), row.cells.length);
      }
      if (first.length < SAMPLE_ROWS && chars < SAMPLE_CHARS) continue;
      start = asStart(first);
      yield { start, more: first };
    }
  } catch (error) {
    fault = { error };
  }
  // What is whole before a fault.
  if (start === undefined && first.length > 0) yield { start: asStart(first), more: first };
  if (fault !== undefined) throw fault.error;
}

function asStart(rows: readonly SheetRow[]): SheetStart {
  return {
    rows,
    hasAddress: rows.some(({ cells, links }) => links.size > 0 || cells.some((cell) => isAddress(cell ?? ''))),
  };
}

class Layout {
  readonly #warn: (message: string) => void;
  readonly #width: number;
  readonly #linked: readonly number[];
  /** Of the sheet: its first row that is one of the table. */
  readonly #first: SheetRow | undefined;
  #isLinkSaid = false;
  #isWideSaid = false;

  constructor(rows: readonly SheetRow[], warn: (message: string) => void) {
    this.#warn = warn;
    const titles = titleRows(rows);
    if (titles > 0) warn(`what stands above its row ${rows[titles]?.number} is taken for a title, and left out`);
    const table = rows.slice(titles);
    this.#first = table[0];
    this.#width = table.reduce((most, { cells }) => Math.max(most, cells.length), 0);
    const linked = new Set(table.flatMap(({ links }) => [...links.keys()]));
    this.#linked = [...linked].sort((one, other) => one - other);
  }

  /** A line of csv, with where cells lead to behind them. */
  line(row: SheetRow): string {
    const { cells, links, number } = row;
    if (this.#first !== undefined && number < this.#first.number) return '';
    for (const at of links.keys())
      if (!this.#linked.includes(at) && !this.#isLinkSaid) {
        this.#isLinkSaid = true;
        this.#warn(`its row ${number} has a link in a column that has none in the first rows: it is left out`);
      }
    const isHeader = row === this.#first && !cells.some((cell) => isAddress(cell ?? ''));
    if (cells.length > this.#width && !this.#isWideSaid) {
      this.#isWideSaid = true;
      this.#warn(
        `its row ${number} has cells beside the columns of the first rows: they are left out, as are others there`,
      );
    }
    const own = Array.from({ length: this.#width }, (_, at) => cells[at] ?? '');
    const more = this.#linked.map((at) =>
      isHeader ? `${cells[at] ?? `column_${at + 1}`}_link` : (links.get(at) ?? ''),
    );
    return `${[...own, ...more].map(quoted).join(',')}\n`;
  }
}

/** Rows of one text each above a row of several, none of which is a URL. */
function titleRows(rows: readonly SheetRow[]): number {
  const filled = ({ cells }: SheetRow): string[] => cells.filter((cell): cell is string => cell !== undefined);
  const first = rows.findIndex((row) => filled(row).length > 1);
  if (first <= 0 || filled(rows[first] as SheetRow).some(isAddress)) return 0;
  return rows.slice(0, first).some((row) => filled(row).some(isAddress)) ? 0 : first;
}

function quoted(value: string): string {
  return value === '' ? '' : `"${value.replaceAll('"', '""')}"`;
}
