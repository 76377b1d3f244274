/** Whether a job that is looked at is done. */
import { CHECKSUMS_FILE } from '../../dataset/seal/checksums.ts';
import { SUCCESS_FILE } from '../../dataset/seal/seal-dataset.ts';
import type { JobView } from './job-view.ts';

/** A run in which nothing was fetched leaves no mark of success. */
export async function isFinished({ files }: Pick<JobView, 'files'>): Promise<boolean> {
  if ((await files.final(SUCCESS_FILE).look()) !== undefined) return true;
  return (await files.final(CHECKSUMS_FILE).look()) !== undefined && !(await files.state('repair.json').look());
}
