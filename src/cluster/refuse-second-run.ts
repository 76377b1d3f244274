/** Second runs are planned by one process: workers know of the first one alone. */
import { FlowDcError } from '../errors.ts';
import { extensionFile } from '../job/extensions.ts';
import { REMOVAL_FILE } from '../job/removal-mark.ts';
import { roundFile } from '../job/retry-rounds.ts';
import { nextCommand } from '../next-command.ts';
import type { HeldSite } from './job-site.ts';

/** @returns the site. Errors: FDC_ERR_USAGE, with the site closed, where a second run was begun and is not finished. */
export async function refuseSecondRun(site: HeldSite): Promise<HeldSite> {
  try {
    if ((await site.isFinished()) || !(await isBegun(site))) return site;
    const resume = nextCommand('resume', site.out);
    const message = `submit: a second run of ${site.out} was begun, which one process finishes: ${resume}`;
    throw new FlowDcError('FDC_ERR_USAGE', message);
  } catch (error) {
    await site.close();
    throw error;
  }
}

async function isBegun({ job, state }: HeldSite): Promise<boolean> {
  if (job.byRows === true) return true;
  const files = [roundFile(2), extensionFile(1), REMOVAL_FILE];
  for (const file of files) if ((await state.read(file)) !== undefined) return true;
  return false;
}
