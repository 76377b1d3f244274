/** Refresh: the URLs of a dataset's samples are asked again, and what has changed since is told. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolveConfig } from '../../config/resolve.ts';
import type { Config } from '../../config/types.ts';
import { rowFilter } from '../../dataset/latest/row-filter.ts';
import { storedRows } from '../../dataset/latest/stored-rows.ts';
import { FlowDcError } from '../../errors.ts';
import { count, counted } from '../../format.ts';
import { distributedError } from '../../job/distributed-mark.ts';
import { markRemoval } from '../../job/removal-mark.ts';
import { finishRemoval } from '../../job/remove-samples.ts';
import { beginRound, type RetryRound, readRounds } from '../../job/retry-rounds.ts';
import { isFinished } from '../../job/view/is-finished.ts';
import type { JobView } from '../../job/view/job-view.ts';
import { viewJob } from '../../job/view/view-job.ts';
import { nextCommand } from '../../next-command.ts';
import { askAgain, type Refreshed } from '../../refresh/ask-again.ts';
import { DiffFile } from '../../refresh/diff-file.ts';
import { samplesOf, whyNotThinned } from '../../run/gather-removal.ts';
import { gatherRetry } from '../../run/gather-retry.ts';
import { shellQuoted } from '../../shell-quoted.ts';
import type { RowBitmap } from '../../structures/row-bitmap.ts';
import { defineCommand } from '../args/define-command.ts';
import { type CliIo, EXIT, writeLines } from '../terminal/process.ts';
import { tellFetched } from './retry.ts';
import { configOf, requireInputs, resumeDownload } from './run-download.ts';

/** `refresh`: of a dataset, finished or not, in a folder or in a store. */
export const refreshCommand = defineCommand({
  name: 'refresh',
  summary:
    'Ask the URL of every sample again, by the entity tag and the date that its host gave, and say which have changed, ' +
    'which are gone, and which are the same; with --apply, fetch those that have changed. Options and headers as for ' +
    'resume.',
  usage: 'refresh DEST [--where FILTER] [-o DIFF.csv|DIFF.parquet] [--apply] [options]',
  positionals: { least: 1, most: 1, words: 'one dataset: flow-dc refresh DEST' },
  async run({ positionals, config }, io) {
    const { output: path, where = [], json, apply = false, ...given } = config;
    requireTable(path);
    const filter = rowFilter(typeof where === 'string' ? [where] : where, 'refresh');
    const { store } = resolveConfig({ ...given, output: path }, 'refresh');
    const job = await viewJob(positionals[0] as string, store);
    try {
      requireUrls(job);
      if (apply) await requireThinned(job, given);
      if (apply) await requireInputs(job, given, io);
      // Its output is the dataset, which may lie in a store.
      const resolved = resolveConfig(configOf(job, given), 'download');
      const diff = path === undefined ? undefined : new DiffFile(path);
      const refreshed = await askAgain(storedRows({ files: job.files, records: () => job.decided.records() }, filter), {
        config: resolved,
        diff,
        signal: io.signal,
      });
      const isWritten = (await diff?.close()) === true;
      const { changed: _rows, ...told } = refreshed;
      const { verdicts } = refreshed;
      writeLines(io.stdout, json === true ? [JSON.stringify(told)] : refreshLines(job.out, refreshed));
      if (isWritten) writeLines(io.stderr, [`${count(refreshed.rows)} rows: ${path}`]);
      if (refreshed.isCut)
        throw new FlowDcError(
          'FDC_ERR_INTERRUPTED',
          'interrupted; the same command asks from the first row on again, which is cheap where hosts answer 304',
        );
      const next = (command: 'resume' | 'report'): string => nextCommand(command, job.out, store);
      return apply && verdicts.changed > 0 ? await replaceChanged(job, refreshed.changed, given, next, io) : EXIT.done;
    } finally {
      await job.close();
    }
  },
});

/**
 * The old samples leave the shards, and their rows are fetched again as those of a retry. What is cut short between the
 * two leaves rows that any retry takes. @returns the exit code of the run
 */
async function replaceChanged(
  job: JobView,
  changed: RowBitmap,
  given: Config,
  next: (command: 'resume' | 'report') => string,
  io: CliIo,
): Promise<number> {
  await requireInputs(job, given, io, (from, to) => hasRow(changed, from, to));
  const lock = await job.lock();
  let round: RetryRound;
  try {
    const { units, samples } = await samplesOf(job, changed);
    await markRemoval(job.state, { id: randomBytes(6).toString('hex'), code: 'replaced', forget: false, units });
    await finishRemoval(job.removal);
    round = await gatherRetry(job, (await readRounds(job.state)).length + 2, (code) => code === 'replaced');
    await beginRound(job.state, round);
    const left = samples === 1 ? 'has left its shard, and is' : 'have left their shards, and are';
    writeLines(io.stderr, [`refresh: ${counted(samples, 'sample')} ${left} fetched anew`]);
  } finally {
    await lock.release();
  }
  const code = await resumeDownload(job, given, io);
  await tellFetched(job, round, next, io);
  return code;
}

function hasRow(rows: RowBitmap, from: number, to: number): boolean {
  for (let row = from; row < to; row += 1) if (rows.has(row)) return true;
  return false;
}

/** Errors: FDC_ERR_USAGE, FDC_ERR_JOB_DISTRIBUTED. */
async function requireThinned(job: JobView, given: Config): Promise<void> {
  const why = whyNotThinned(job);
  if (why !== undefined) {
    const message = `refresh --apply: ${job.out} ${why}; without --apply the diff says what has changed`;
    throw new FlowDcError('FDC_ERR_USAGE', message);
  }
  const mark = await job.mark();
  if (mark !== undefined && given.take_over !== true) throw distributedError(job.out, mark);
  if (await isFinished(job)) return;
  const message = `refresh --apply: ${job.out} is not finished; finish it first: flow-dc resume ${shellQuoted(job.out)}`;
  throw new FlowDcError('FDC_ERR_USAGE', message);
}

/** For people. */
function refreshLines(out: string, { rows, verdicts, failures, isCut }: Refreshed): string[] {
  if (rows === 0) return [`refresh of ${out}: no sample was asked for`];
  const width = count(rows).length;
  const why = Object.entries(failures)
    .sort(([, a], [, b]) => b - a)
    .map(([code, times]) => `${code} ${count(times)}`);
  return [
    `refresh of ${out}: ${counted(rows, 'sample')} asked for${isCut ? ', and not all of them' : ''}`,
    ...Object.entries(verdicts).map(([verdict, times]) => `  ${verdict.padEnd(8)}${count(times).padStart(width)}`),
    ...(why.length === 0 ? [] : [`  of those that failed nothing is known now: ${why.join(', ')}`]),
  ];
}

/** Errors: FDC_ERR_USAGE. */
function requireTable(path: string | undefined): void {
  if (path === undefined) return;
  if (!/\.(csv|parquet)$/i.test(path))
    throw new FlowDcError('FDC_ERR_USAGE', 'refresh: the diff is a file named .csv or .parquet: -o diff.parquet');
  if (existsSync(path))
    throw new FlowDcError('FDC_ERR_USAGE', `refresh: ${path} is there already; name another file with -o`);
}

/** Errors: FDC_ERR_USAGE where the tables do not have the URLs as they were asked for. */
function requireUrls({ out, identity }: Pick<JobView, 'out' | 'identity'>): void {
  if (identity.redactQuery !== true) return;
  const message = `refresh: ${out} was written with redact_query: without their queries its URLs are others`;
  throw new FlowDcError('FDC_ERR_USAGE', message);
}
