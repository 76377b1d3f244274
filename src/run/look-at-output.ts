/** What lies where a dataset is to go, before anything is done there: a dry run finds what a run would refuse. */
import { access, constants } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ResolvedConfig } from '../config/types.ts';
import { totalOf } from '../dataset/totals.ts';
import { destinationError } from '../destination/destination.ts';
import { parseDestination } from '../destination/destination-name.ts';
import { settledText } from '../format.ts';
import { keysAsBegun, withBegun } from '../job/as-begun.ts';
import { refuseFile, refuseForeign } from '../job/folder-claim.ts';
import { identityOf } from '../job/identity.ts';
import { findJob } from '../job/job-file.ts';
import { createLocalCommitter } from '../job/local-committer.ts';
import { changedInput } from '../job/open-job.ts';
import type { JobInput } from './job-input.ts';

/**
 * Of a folder; other outputs are not looked at.
 * @param given - configuration keys that somebody gave
 * @returns what a run would find, in words
 * Errors: FDC_ERR_DEST_FOREIGN, FDC_ERR_DEST_UNWRITABLE, FDC_ERR_JOB_MISMATCH, as a run would end with.
 */
export async function lookAtOutput(
  config: ResolvedConfig,
  input: Pick<JobInput, 'info' | 'contentOf'>,
  given: Readonly<Record<string, unknown>>,
): Promise<string | undefined> {
  const { output = '' } = config.sink;
  if (parseDestination(output).kind !== 'folder') return undefined;
  const folder = resolve(output);
  await refuseFile(folder);
  await requireWritable(folder);
  const found = await findJob(folder);
  if (found === undefined) {
    await refuseForeign(folder);
    return undefined;
  }
  if (config.run.overwrite) return 'the dataset that is there would be deleted and begun anew (--overwrite)';
  const { job, paths } = found;
  const begun = withBegun(config, keysAsBegun(job.identity, given));
  const other = await changedInput(folder, job, identityOf(begun, input.info), (name) => input.contentOf(name));
  const settled = settledText(await totalOf(createLocalCommitter(paths.state).records()));
  return `a dataset is there, a run would go on with it: ${settled}${other === undefined ? '' : `; ${other}`}`;
}

/** The folder, or the nearest one above it that exists. */
async function requireWritable(folder: string): Promise<void> {
  for (let at = folder; ; at = dirname(at)) {
    try {
      return await access(at, constants.W_OK | constants.X_OK);
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(at) !== at;
      if (!isMissing) throw destinationError(error, folder, 'FDC_ERR_DEST_UNWRITABLE');
    }
  }
}
