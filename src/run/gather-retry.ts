/** Which rows of a finished dataset a retry takes. */

import { intactFile, tableOf } from '../dataset/files/intact-file.ts';
import { type LatestRows, latestRows } from '../dataset/latest/latest-rows.ts';
import { endedRows } from '../dataset/outcome-rows.ts';
import { FlowDcError } from '../errors.ts';
import type { RetryRound } from '../job/retry-rounds.ts';
import type { UnitRecord } from '../record.ts';
import type { SettledDataset } from './settled-rows.ts';

/** Beyond any number of codes; rows are below 2^53 / this. */
const MOST_OUTCOMES = 65_536;

/**
 * Look through the outcome tables. Memory: 8 bytes for each row that is taken, one table, a bit per row of the manifest
 * for each earlier round.
 * @param set - attempt_set that the rows will have
 * @param isMeant - by code, of rows that were not stored
 * @param isRow - by number
 * Errors: FDC_ERR_DEST_IO for a table that cannot be read.
 */
export async function gatherRetry(
  { files, decided }: SettledDataset,
  set: number,
  isMeant: (code: string) => boolean,
  isRow: (row: number) => boolean = () => true,
): Promise<RetryRound> {
  const latest = await readable(latestRows(decided.records(), files));
  const outcomes = new Map<string, number>();
  const found: number[] = [];
  let firstUnit = 0;
  for await (const record of decided.records()) {
    firstUnit = Math.max(firstUnit, Number(record.unit.slice(0, record.unit.indexOf('-'))) + 1);
    if (!Object.keys(record.errors).some(isMeant)) continue;
    for (const [row, outcome] of await readable(meantRows(files, record, latest, isMeant))) {
      const known = outcomes.get(outcome) ?? outcomes.size;
      outcomes.set(outcome, known);
      if (isRow(row)) found.push(row * MOST_OUTCOMES + known);
    }
  }
  const packed = Float64Array.from(found).sort();
  const outcomeOf = Uint16Array.from(packed, (value) => value % MOST_OUTCOMES);
  return {
    ...{ set, firstUnit, outcomes: [...outcomes.keys()], outcomeOf },
    rows: packed.map((value) => Math.floor(value / MOST_OUTCOMES)),
  };
}

async function meantRows(
  files: SettledDataset['files'],
  record: UnitRecord,
  latest: LatestRows,
  isMeant: (code: string) => boolean,
): Promise<[row: number, outcome: string][]> {
  const table = tableOf(record);
  if (table === undefined) return [];
  const rows: [number, string][] = [];
  // Another row stands for it, and is what would be fetched.
  for (const { row, status, code } of endedRows(await intactFile(files.final(table.name), table)))
    if (
      status !== 'fetched' &&
      code !== 'duplicate_url' &&
      isMeant(code) &&
      latest.isLatest(record.again?.set ?? 1, row)
    )
      rows.push([row, `${status} ${code}`]);
  return rows;
}

async function readable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const message = `an outcome table cannot be read (${(cause as Error).message}); flow-dc repair mends that`;
    throw new FlowDcError('FDC_ERR_DEST_IO', message, { cause });
  }
}

/** Rows of a round by code, most frequent first. */
export function roundCodes({ outcomeOf, outcomes }: RetryRound): [code: string, rows: number][] {
  const rows = new Map<string, number>();
  for (const at of outcomeOf) {
    const code = (outcomes[at] as string).split(' ')[1] as string;
    rows.set(code, (rows.get(code) ?? 0) + 1);
  }
  return [...rows].sort(([, a], [, b]) => b - a);
}
