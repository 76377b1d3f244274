/** Retry: rows of a finished dataset that were not fetched are fetched again, into shards behind the first ones. */
import { resolveConfig } from '../../config/resolve.ts';
import type { Config } from '../../config/types.ts';
import { codeFilter } from '../../dataset/latest/row-filter.ts';
import { FlowDcError } from '../../errors.ts';
import { count } from '../../format.ts';
import { distributedError } from '../../job/distributed-mark.ts';
import { beginRound, type RetryRound, readRounds } from '../../job/retry-rounds.ts';
import { isFinished } from '../../job/view/is-finished.ts';
import type { JobView } from '../../job/view/job-view.ts';
import { viewJob } from '../../job/view/view-job.ts';
import { nextCommand } from '../../next-command.ts';
import { gatherRetry, roundCodes } from '../../run/gather-retry.ts';
import { defineCommand } from '../args/define-command.ts';
import { type CliIo, EXIT, writeLines } from '../terminal/process.ts';
import { requireInputs, resumeDownload } from './run-download.ts';

/** `retry`: of a finished dataset. */
export const retryCommand = defineCommand({
  name: 'retry',
  summary:
    'Fetch rows of a finished dataset again that were not fetched: those that may pass (--only transient), or those ' +
    'with the codes that are named. What comes of it is added in shards of its own, and nothing else is touched; ' +
    'options and headers as for resume.',
  usage: 'retry DEST [--only transient|all|CODES] [--dry-run] [options]',
  positionals: { least: 1, most: 1, words: 'one dataset: flow-dc retry DEST' },
  async run({ positionals, config }, io) {
    const { only = 'transient', dry_run: dryRun = false, ...given } = config;
    const words = typeof only === 'string' ? only.split(',') : only;
    const isMeant = codeFilter(words, 'retry');
    const { store } = resolveConfig(given, 'retry');
    const job = await viewJob(positionals[0] as string, store);
    const next = (command: 'resume' | 'report'): string => nextCommand(command, job.out, store);
    try {
      const round = await roundOf({ job, isMeant, words, dryRun, next, given }, io);
      if (round === undefined || dryRun) return EXIT.done;
      const code = await resumeDownload(job, given, io);
      await tellFetched(job, round, next, io);
      return code;
    } finally {
      await job.close();
    }
  },
});

interface Retry {
  readonly job: JobView;
  readonly isMeant: (code: string) => boolean;
  readonly words: readonly string[];
  readonly dryRun: boolean;
  readonly next: (command: 'resume' | 'report') => string;
  readonly given: Config;
}

/** The round that is to be run, begun; undefined where there is nothing to do. */
async function roundOf(
  { job, isMeant, words, dryRun, next, given }: Retry,
  io: CliIo,
): Promise<RetryRound | undefined> {
  const mark = await job.mark();
  if (mark !== undefined && given.take_over !== true) throw distributedError(job.out, mark);
  const rounds = await readRounds(job.state);
  if (!(await isFinished(job))) {
    const last = rounds.at(-1);
    if (last === undefined) throw unfinished(job, next('resume'));
    writeLines(io.stderr, [`going on with the retry that was begun: ${roundText(last)}`]);
    return last;
  }
  const lock = dryRun ? undefined : await job.lock();
  try {
    const round = await gatherRetry(job, rounds.length + 2, isMeant);
    if (round.rows.length === 0) {
      writeLines(io.stderr, [`nothing to retry: no row of ${job.out} ended in ${words.join(', ')}`]);
      return undefined;
    }
    writeLines(io.stderr, [`retry: ${roundText(round)}`]);
    if (dryRun) {
      writeLines(io.stderr, ['dry run: nothing was fetched or written']);
      return round;
    }
    await requireInputs(job, given, io, (from, to) => round.rows.some((row) => row >= from && row < to));
    await beginRound(job.state, round);
    return round;
  } finally {
    await lock?.release();
  }
}

/** What has become of a round's rows. @param next - a command about the dataset */
export async function tellFetched(job: JobView, round: RetryRound, next: Retry['next'], io: CliIo): Promise<void> {
  let fetched = 0;
  for await (const record of job.decided.records()) if (record.again?.set === round.set) fetched += record.stored;
  const rest = round.rows.length - fetched;
  const why = rest === 0 ? '' : `; ${count(rest)} are not: ${next('report')}`;
  writeLines(io.stderr, [`retry: ${count(fetched)} of ${count(round.rows.length)} rows are fetched now${why}`]);
}

function unfinished({ out }: JobView, resume: string): FlowDcError {
  const message = `retry: ${out} is not finished, and its first pass may settle more; finish it first: ${resume}`;
  return new FlowDcError('FDC_ERR_USAGE', message);
}

function roundText(round: RetryRound): string {
  const codes = roundCodes(round).map(([code, rows]) => `${code} ${count(rows)}`);
  return `${count(round.rows.length)} rows are fetched again (${codes.join(', ')}), as attempt set ${round.set}`;
}
