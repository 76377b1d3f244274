/** What a run plans, lot after lot: the rows of the manifest, and then what is fetched again of them. */
import type { RecordBatch } from 'apache-arrow';
import type { PlannedRows } from '../chain.ts';
import type { RetryRound } from '../job/retry-rounds.ts';
import type { PartitionByHostOptions } from '../stages/partition/partition-by-host.ts';
import { cuttingOf } from './job-input.ts';
import { asReadable, rowsWithout } from './open-rows.ts';
import type { RowSource } from './row-sources.ts';
import { rowsAgain, rowsEnded } from './rows-again.ts';
import type { SettledRows } from './settled-rows.ts';

/**
 * By units: the same rows are cut into the same units again, and those that are decided are passed over.
 * @param source - of all rows
 */
export function* lotsByUnits(
  source: Pick<RowSource, 'read'>,
  rounds: readonly RetryRound[],
  cutting: PartitionByHostOptions,
): Generator<PlannedRows> {
  yield { rows: () => asReadable(taken(source.read(), 1, rounds)), cutting };
  for (const round of rounds)
    yield {
      rows: () => asReadable(taken(rowsAgain(source.read(), round), round.set, rounds)),
      cutting: { ...cuttingOf(cutting), firstUnit: round.firstUnit },
    };
}

/** By rows: those without a line in an outcome table are cut into units that nobody knows of yet. */
export function* lotsByRows(
  sources: readonly RowSource[],
  rounds: readonly RetryRound[],
  settled: SettledRows,
  given: PartitionByHostOptions,
): Generator<PlannedRows> {
  const cutting = { ...cuttingOf(given), nextUnit: () => settled.nextUnit() };
  for (const { firstRow, endRow, read } of sources) {
    if (endRow !== undefined && settled.hasAll(1, firstRow, endRow)) continue;
    yield {
      rows: () =>
        asReadable(
          taken(
            rowsWithout(read(), (row) => settled.has(1, row)),
            1,
            rounds,
          ),
        ),
      cutting,
    };
  }
  for (const round of rounds) {
    for (const source of sources) {
      const rest = restOf(round, source, settled);
      if (rest.rows.length === 0) continue;
      yield { rows: () => asReadable(taken(rowsAgain(source.read(), rest), round.set, rounds)), cutting };
    }
  }
}

/** As they are when they are taken for the `set`-th time. */
function taken(
  batches: AsyncIterable<RecordBatch>,
  set: number,
  rounds: readonly RetryRound[],
): AsyncIterable<RecordBatch> {
  const later = rounds.filter((round) => round.set > set);
  return later.length === 0 ? batches : rowsEnded(batches, later);
}

/** The part of a round that one source has, without what is settled. */
function restOf(
  round: RetryRound,
  { firstRow, endRow = Number.POSITIVE_INFINITY }: RowSource,
  settled: SettledRows,
): RetryRound {
  const isMeant = (row: number): boolean => row >= firstRow && row < endRow && !settled.has(round.set, row);
  return {
    ...round,
    rows: round.rows.filter(isMeant),
    outcomeOf: round.outcomeOf.filter((_, at) => isMeant(round.rows[at] as number)),
  };
}
