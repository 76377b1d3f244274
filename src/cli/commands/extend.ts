/** `download --extend`: the rows that a dataset lacks are added to it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveConfig } from '../../config/resolve.ts';
import type { Config, ResolvedConfig } from '../../config/types.ts';
import { FlowDcError, isFlowDcError } from '../../errors.ts';
import { count } from '../../format.ts';
import { distributedError } from '../../job/distributed-mark.ts';
import { isFinished } from '../../job/view/is-finished.ts';
import type { JobView } from '../../job/view/job-view.ts';
import { viewJob } from '../../job/view/view-job.ts';
import { nextCommand } from '../../next-command.ts';
import { extendJob, isLastPart } from '../../run/extend-job.ts';
import type { KnownRows } from '../../run/known-rows.ts';
import { openJobInput } from '../../run/open-job-input.ts';
import { type CliIo, EXIT, writeLines } from '../terminal/process.ts';
import { configOf, resumeDownload, runDownload } from './run-download.ts';

/** @returns the exit code */
export async function runExtend(given: Config, io: CliIo, notices: readonly string[]): Promise<number> {
  const asked = resolveConfig(given, 'download');
  if (asked.manifest.inputs.includes('-')) throw piped();
  const found = await jobAt(asked);
  // Nothing is there yet: all of it is new.
  if (found === undefined) return runDownload(given, io, notices);
  const config = configOf(found, given);
  const isDone = await isFinished(found);
  const isBegun = await withInput(config, (input) => isLastPart(found, input)).finally(() => found.close());
  if (isBegun && !isDone) return runDownload(config, { ...io, stdin: undefined }, notices);
  const { input: _input, dry_run: dryRun = false, ...others } = given;
  if (!isDone) {
    if (dryRun) throw unfinished(found.out, nextCommand('resume', found.out, asked.store));
    writeLines(io.stderr, ['extend: the dataset is not finished, so that is done first']);
    const code = await resumeDownload(found, others, io);
    if (!(await looked(asked, isFinished))) return code;
  }
  const added = await looked(asked, (job) => begin(job, config, dryRun, io));
  if (dryRun) writeLines(io.stderr, ['dry run: nothing was fetched or written']);
  if (added === 0 || dryRun) return EXIT.done;
  return runDownload(config, { ...io, stdin: undefined }, notices);
}

/** @returns how many rows there are to add */
async function begin(job: JobView, config: Config, dryRun: boolean, io: CliIo): Promise<number> {
  const mark = await job.mark();
  if (mark !== undefined && config.take_over !== true) throw distributedError(job.out, mark);
  const { store } = resolveConfig(config, 'download');
  const lock = dryRun ? undefined : await job.lock();
  const folder = await mkdtemp(join(tmpdir(), 'flow-dc-extend-'));
  try {
    const rows = await withInput(config, (input, resolved) => extendJob(job, resolved, input, folder, dryRun));
    writeLines(io.stderr, [`extend: ${rowsText(rows, nextCommand('report', job.out, store))}`]);
    return rows.addedRows;
  } finally {
    await rm(folder, { recursive: true, force: true });
    await lock?.release();
  }
}

/** `8 rows: 6 are here (already_stored 4; 1 removed; 1 could not be fetched: flow-dc report DEST), 2 are new` */
function rowsText({ rows, fetched, removed, notFetched, addedRows }: KnownRows, report: string): string {
  const tried = notFetched === 0 ? '' : `; ${count(notFetched)} could not be fetched: ${report}`;
  const out = removed === 0 ? '' : `; ${count(removed)} removed`;
  const known = `${count(fetched + removed + notFetched)} are here (already_stored ${count(fetched)}${out}${tried})`;
  return `${count(rows)} rows: ${known}, ${count(addedRows)} are new`;
}

async function withInput<T>(
  config: Config,
  use: (input: Awaited<ReturnType<typeof openJobInput>>, resolved: ResolvedConfig) => Promise<T>,
): Promise<T> {
  const resolved = resolveConfig(config, 'download');
  const input = await openJobInput(resolved, undefined);
  try {
    return await use(input, resolved);
  } finally {
    await input.close();
  }
}

async function looked<T>(config: ResolvedConfig, look: (job: JobView) => Promise<T>): Promise<T> {
  const job = await viewJob(config.sink.output as string, config.store);
  try {
    return await look(job);
  } finally {
    await job.close();
  }
}

async function jobAt({ sink, store }: ResolvedConfig): Promise<JobView | undefined> {
  if (sink.output === undefined || sink.output === '-' || sink.output === 'none:') return undefined;
  return viewJob(sink.output, store).catch((error: unknown) => {
    if (isFlowDcError(error) && error.code === 'FDC_ERR_JOB_MISSING') return undefined;
    throw error;
  });
}

function piped(): FlowDcError {
  const message =
    'extend: the manifest is read more than once, and a pipe comes once: write it to a file and name that';
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}

function unfinished(out: string, resume: string): FlowDcError {
  return new FlowDcError('FDC_ERR_USAGE', `extend: ${out} is not finished, so what is new is not known: ${resume}`);
}
