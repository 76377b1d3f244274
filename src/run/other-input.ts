/** A job whose manifest is another file than before: it goes on where the rows are the same as far as they are settled. */
import { join } from 'node:path';
import type { RecordBatch } from 'apache-arrow';
import type { ResolvedConfig } from '../config/types.ts';
import { publisher } from '../dataset/published.ts';
import { count } from '../format.ts';
import { noteParts, readParts, takenRows } from '../job/extensions.ts';
import { beginRound, readRounds } from '../job/retry-rounds.ts';
import type { StateFiles } from '../job/state-files.ts';
import type { RowBitmap } from '../structures/row-bitmap.ts';
import { compareRows, type RowComparison } from './compare-rows.ts';
import { gatherRetry } from './gather-retry.ts';
import { rememberedInput } from './input-memory.ts';
import type { JobInput } from './job-input.ts';
import { rowsOfPart } from './open-rows.ts';
import { otherColumns } from './other-columns.ts';
import type { SettledDataset } from './settled-rows.ts';

type OtherInput = Pick<JobInput, 'info' | 'read'>;

/**
 * Only under the job's lock. Rows that were not fetched and have another URL now are taken again.
 * @param folder - for temporary files
 * @returns why it is another manifest, in words
 * Errors: those of the reader; FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO.
 */
export async function comesAfter(
  input: OtherInput,
  dataset: SettledDataset,
  state: StateFiles,
  config: Pick<ResolvedConfig, 'sink' | 'manifest'>,
  folder: string,
): Promise<string | undefined> {
  const { difference, mended, mendedRows } = await compared(input, dataset, state, config, folder);
  if (difference !== undefined) return difference;
  const parts = await readParts(state);
  const part = parts.at(-1);
  if (part !== undefined) {
    const identity = input.info.files.map(({ name, bytes, hash }) => ({ name, bytes, hash }));
    const named = config.manifest.inputs.map(rememberedInput);
    await noteParts(state, [...parts.slice(0, -1), { ...part, identity, input: named }]);
  }
  if (mendedRows > 0) await tryAgain(dataset, state, mended);
  else await state.unseal();
  return undefined;
}

/** Looks only. Errors: those of the reader; FDC_ERR_DEST_IO. */
export async function compared(
  input: OtherInput,
  dataset: SettledDataset,
  state: StateFiles,
  { sink }: Pick<ResolvedConfig, 'sink'>,
  folder: string,
): Promise<RowComparison> {
  const part = (await readParts(state)).at(-1);
  const range = [part?.firstRow ?? 0, Number.POSITIVE_INFINITY] as const;
  const rows = part === undefined ? input.read([]) : rowsOfPart(input.read([]), part, await takenRows(state, part));
  const found = await compareRows(dataset, rows, publisher(sink), join(folder, 'comparison'), range);
  if (found.difference !== undefined) return found;
  const columns = await otherColumns(dataset, input.info.schema, sink);
  if (columns !== undefined) return { ...found, difference: columns };
  if (part === undefined) return found;
  const manifestRows = await countRows(input.read([]));
  if (manifestRows === part.manifestRows) return found;
  return { ...found, difference: `it had ${count(part.manifestRows)} rows, and has ${count(manifestRows)}` };
}

async function tryAgain(dataset: SettledDataset, state: StateFiles, mended: RowBitmap): Promise<void> {
  const set = (await readRounds(state)).length + 2;
  const isMended = (row: number): boolean => mended.has(row);
  await beginRound(state, await gatherRetry(dataset, set, () => true, isMended));
}

async function countRows(batches: AsyncIterable<RecordBatch>): Promise<number> {
  let rows = 0;
  for await (const { numRows } of batches) rows += numRows;
  return rows;
}
