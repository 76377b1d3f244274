/** Retry: rows of a finished dataset that were not stored are fetched again, into shards behind the first ones. */
import { resolveConfig } from '../../config/resolve.ts';
import type { Config } from '../../config/types.ts';
import { codeFilter } from '../../dataset/latest/row-filter.ts';
import { CHECKSUMS_FILE } from '../../dataset/seal/checksums.ts';
import { SUCCESS_FILE } from '../../dataset/seal/seal-dataset.ts';
import { FlowDcError } from '../../errors.ts';
import { count } from '../../format.ts';
import { distributedError } from '../../job/distributed-mark.ts';
import { readJob } from '../../job/job-folder.ts';
import { beginRound, type RetryRound, readRounds } from '../../job/retry-rounds.ts';
import type { JobView } from '../../job/view/job-view.ts';
import { viewJob } from '../../job/view/view-job.ts';
import { gatherRetry, roundCodes } from '../../run/gather-retry.ts';
import { shellQuoted } from '../../shell-quoted.ts';
import { meansStore } from '../../store/store-url.ts';
import { defineCommand } from '../args/define-command.ts';
import { type CliIo, EXIT, writeLines } from '../terminal/process.ts';
import { resumeDownload } from './download.ts';

/** `retry`: of a finished dataset in a folder. */
export const retryCommand = defineCommand({
  name: 'retry',
  summary:
    'Fetch rows of a finished dataset again that were not stored: those that may pass (--only transient), or those ' +
    'with the codes that are named. What comes of it is added in shards of its own, and nothing else is touched; ' +
    'options and headers as for resume.',
  usage: 'retry DEST [--only transient|all|CODES] [--dry-run] [options]',
  positionals: { least: 1, most: 1, words: 'one dataset: flow-dc retry DEST' },
  async run({ positionals, config }, io) {
    const { only = 'transient', dry_run: dryRun = false, ...given } = config;
    const words = typeof only === 'string' ? only.split(',') : only;
    const isMeant = codeFilter(words, 'retry');
    resolveConfig(given, 'retry');
    const dest = positionals[0] as string;
    refuseStore(dest);
    const job = await viewJob(dest);
    await requireOurs(job, given);
    const { paths } = await readJob(dest);
    const rounds = await readRounds(paths);
    if (!(await isFinished(job))) {
      const last = rounds.at(-1);
      if (last === undefined) throw unfinished(job);
      writeLines(io.stderr, [`going on with the retry that was begun: ${roundText(last)}`]);
      return dryRun ? EXIT.done : fetchAgain(job, last, given, io);
    }
    const lock = dryRun ? undefined : await job.lock();
    let round: RetryRound;
    try {
      round = await gatherRetry(job, rounds.length + 2, isMeant);
      if (round.rows.length === 0) {
        writeLines(io.stderr, [`nothing to retry: no row of ${job.out} ended in ${words.join(', ')}`]);
        return EXIT.done;
      }
      writeLines(io.stderr, [`retry: ${roundText(round)}`]);
      if (dryRun) {
        writeLines(io.stderr, ['dry run: nothing was fetched or written']);
        return EXIT.done;
      }
      await beginRound(paths, round);
    } finally {
      await lock?.release();
    }
    return fetchAgain(job, round, given, io);
  },
});

/** @returns the exit code of the run */
async function fetchAgain(job: JobView, round: RetryRound, given: Config, io: CliIo): Promise<number> {
  const code = await resumeDownload(job, given, io);
  let fetched = 0;
  for await (const record of job.decided.records()) if (record.again?.set === round.set) fetched += record.stored;
  const rest = round.rows.length - fetched;
  const why = rest === 0 ? '' : `; ${count(rest)} are not: flow-dc report ${shellQuoted(job.out)}`;
  writeLines(io.stderr, [`retry: ${count(fetched)} of ${count(round.rows.length)} rows are fetched now${why}`]);
  return code;
}

/** Errors: FDC_ERR_USAGE. */
function refuseStore(dest: string): void {
  if (!meansStore(dest)) return;
  const message = 'retry: works on a folder, not in a store yet: export the rows that failed (flow-dc export DEST ';
  throw new FlowDcError('FDC_ERR_USAGE', `${message}--where transient -o again.csv) and download them elsewhere`);
}

/** Errors: FDC_ERR_JOB_DISTRIBUTED. */
async function requireOurs(job: JobView, { take_over: takeOver }: Config): Promise<void> {
  const mark = await job.mark();
  if (mark !== undefined && takeOver !== true) throw distributedError(job.out, mark);
}

/** A run in which nothing was stored leaves no mark of success. */
async function isFinished({ files }: JobView): Promise<boolean> {
  if ((await files.final(SUCCESS_FILE).look()) !== undefined) return true;
  return (await files.final(CHECKSUMS_FILE).look()) !== undefined && !(await files.state('repair.json').look());
}

function unfinished({ out }: JobView): FlowDcError {
  const message = `retry: ${out} is not finished, and its first pass may settle more; finish it first: flow-dc resume `;
  return new FlowDcError('FDC_ERR_USAGE', `${message}${shellQuoted(out)}`);
}

function roundText(round: RetryRound): string {
  const codes = roundCodes(round).map(([code, rows]) => `${code} ${count(rows)}`);
  return `${count(round.rows.length)} rows are fetched again (${codes.join(', ')}), as attempt set ${round.set}`;
}
