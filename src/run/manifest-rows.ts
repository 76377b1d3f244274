/** How many rows a job's manifest has, counted by reading it where nothing else says. */
import type { RecordBatch } from 'apache-arrow';
import { resolveConfig } from '../config/resolve.ts';
import { isFlowDcError } from '../errors.ts';
import type { Job } from '../job/job-folder.ts';
import { openJobInput } from './job-input.ts';

/** @returns undefined when the manifest is not there any more, or cannot be read to its end */
export async function manifestRowsOf(job: Job): Promise<number | undefined> {
  try {
    const config = resolveConfig({ ...job.settings, output: job.out }, 'download');
    const input = await openJobInput(config, undefined);
    const { limitRows = Number.POSITIVE_INFINITY } = config.manifest;
    if (input.info.rows !== undefined) return Math.min(input.info.rows, limitRows);
    let rows = 0;
    for await (const batch of input.read()) rows += (batch as RecordBatch).numRows;
    return rows;
  } catch (error) {
    if (isFlowDcError(error)) return undefined;
    throw error;
  }
}
