/**
 * Rows of one table with the columns of the row of another that they belong to, in their own order. Both tables are
 * read in one direction, and what they have in common is matched bucket by bucket: memory is 64 MiB for each of three
 * spills, 16 MiB to pass over rows that nobody belongs to, and a 256th of what is kept of the other table.
 */
import type { Data, RecordBatch } from 'apache-arrow';
import { textColumn } from '../../arrow/text.ts';
import { TextHash } from '../../structures/hash.ts';
import { RecordSpill } from './archive/record-spill.ts';

/** Chosen: of 100 million rows of 200 bytes, one is 80 MB. */
const BUCKETS = 256;
/** Rows whose matches are in memory at a time. */
const RANGE_ROWS = 65_536;
const FILTER_BITS = 27;
const FILTER_TRIES = 4;

/** Reads a table from its beginning. */
export type ReadTable = () => AsyncIterable<RecordBatch>;

export interface JoinedTable {
  readonly read: ReadTable;
  readonly idColumn: string;
  /** Columns that come out, in their order. */
  readonly columns: readonly string[];
}

/** @returns rows as lines of csv without a header; `onEnd` is told how many rows have no match. Errors: those of reading. */
export async function* joinedLines(
  rows: JoinedTable,
  core: JoinedTable,
  signal: AbortSignal,
  onEnd: (unmatched: number) => void,
): AsyncGenerator<Buffer, void> {
  const keys = new RecordSpill();
  const cores = new RecordSpill();
  const matches = new RecordSpill();
  try {
    await gather(rows, core, { keys, cores }, signal);
    match(keys, cores, matches);
    keys.close();
    cores.close();
    yield* merged(rows, core.columns.length, matches, signal, onEnd);
  } finally {
    for (const spill of [keys, cores, matches]) spill.close();
  }
}

/** A cell of csv, quoted; nothing for null. */
export function csvCell(value: string | null | undefined): string {
  return value === null || value === undefined ? '' : `"${value.replaceAll('"', '""')}"`;
}

interface Spills {
  readonly keys: RecordSpill;
  readonly cores: RecordSpill;
}

async function gather(
  rows: JoinedTable,
  core: JoinedTable,
  { keys, cores }: Spills,
  signal: AbortSignal,
): Promise<void> {
  const hash = new TextHash();
  const filter = new Uint8Array(2 ** (FILTER_BITS - 3));
  const places = (id: string): number[] => {
    const { low, high } = hash.of(id);
    return Array.from({ length: FILTER_TRIES }, (_, i) => (low + Math.imul(i, high | 1)) >>> (32 - FILTER_BITS));
  };
  const bucket = (): number => (hash.high >>> 0) % BUCKETS;
  let row = 0;
  for await (const batch of rows.read()) {
    signal.throwIfAborted();
    for (const id of cellsOf(batch, rows.idColumn, batch.numRows)) {
      if (id !== null) {
        for (const place of places(id)) filter[place >>> 3] = (filter[place >>> 3] as number) | (1 << (place & 7));
        keys.add(bucket(), row, id, '');
      }
      row++;
    }
  }
  for await (const batch of core.read()) {
    signal.throwIfAborted();
    const ids = cellsOf(batch, core.idColumn, batch.numRows);
    const lines = linesOf(batch, core.columns);
    ids.forEach((id, at) => {
      if (id === null) return;
      const isWanted = places(id).every((place) => ((filter[place >>> 3] as number) & (1 << (place & 7))) !== 0);
      if (isWanted) cores.add(bucket(), 0, id, lines[at] as string);
    });
  }
}

function match(keys: RecordSpill, cores: RecordSpill, matches: RecordSpill): void {
  for (let bucket = 0; bucket < keys.buckets; bucket++) {
    const known = new Map<string, string>();
    for (const [, id, line] of cores.read(bucket)) if (!known.has(id)) known.set(id, line);
    for (const [row, id] of keys.read(bucket)) {
      const line = known.get(id);
      if (line !== undefined) matches.add(Math.floor(row / RANGE_ROWS), row, '', line);
    }
  }
}

async function* merged(
  { read, columns }: JoinedTable,
  coreColumns: number,
  matches: RecordSpill,
  signal: AbortSignal,
  onEnd: (unmatched: number) => void,
): AsyncGenerator<Buffer, void> {
  const none = ','.repeat(coreColumns - 1);
  let lineOf = new Map<number, string>();
  let [row, unmatched] = [0, 0];
  for await (const batch of read()) {
    signal.throwIfAborted();
    const out: string[] = [];
    for (const own of linesOf(batch, columns)) {
      if (row % RANGE_ROWS === 0) {
        lineOf = new Map();
        for (const [at, , line] of matches.read(row / RANGE_ROWS)) lineOf.set(at, line);
      }
      const line = lineOf.get(row);
      if (line === undefined) unmatched++;
      out.push(`${own},${line ?? none}\n`);
      row++;
    }
    yield Buffer.from(out.join(''));
  }
  onEnd(unmatched);
}

/** A line of csv for every row, without what ends it. */
export function linesOf(batch: RecordBatch, columns: readonly string[]): string[] {
  const cells = columns.map((name) => cellsOf(batch, name, batch.numRows).map(csvCell));
  return Array.from({ length: batch.numRows }, (_, row) => cells.map((column) => column[row]).join(','));
}

export function cellsOf(batch: RecordBatch, name: string, rows: number): (string | null)[] {
  const at = batch.schema.fields.findIndex((field) => field.name === name);
  return at < 0 ? Array<null>(rows).fill(null) : textColumn(batch.data.children[at] as Data);
}
