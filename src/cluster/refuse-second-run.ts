/** Second runs are planned by one process: workers know of the first one alone. */
import { FlowDcError } from '../errors.ts';
import { roundFile } from '../job/retry-rounds.ts';
import { nextCommand } from '../next-command.ts';
import type { HeldSite } from './job-site.ts';

/** @returns the site. Errors: FDC_ERR_USAGE, with the site closed, where a second run was begun and is not finished. */
export async function refuseSecondRun(site: HeldSite): Promise<HeldSite> {
  try {
    if ((await site.isFinished()) || (await site.state.read(roundFile(2))) === undefined) return site;
    const message = `submit: a retry of ${site.out} was begun, which one process finishes: ${nextCommand('resume', site.out)}`;
    throw new FlowDcError('FDC_ERR_USAGE', message);
  } catch (error) {
    await site.close();
    throw error;
  }
}
