/** Remove: samples leave a dataset for good, for those whose pictures they are. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolveConfig } from '../../config/resolve.ts';
import type { Config } from '../../config/types.ts';
import { dropKept } from '../../dataset/kept-units.ts';
import { rowFilter } from '../../dataset/latest/row-filter.ts';
import { FlowDcError, isFlowDcError } from '../../errors.ts';
import { byteSize, count, counted } from '../../format.ts';
import { distributedError } from '../../job/distributed-mark.ts';
import { markRemoval, readRemovalMark } from '../../job/removal-mark.ts';
import { finishRemoval } from '../../job/remove-samples.ts';
import { addRemoved, forgottenLines, removedUrl } from '../../job/removed-urls.ts';
import { isFinished as isFinishedJob } from '../../job/view/is-finished.ts';
import type { JobView } from '../../job/view/job-view.ts';
import { viewJob } from '../../job/view/view-job.ts';
import { type GatheredRemoval, gatherRemoval, type MeantRows, whyNotThinned } from '../../run/gather-removal.ts';
import { shellQuoted } from '../../shell-quoted.ts';
import { defineCommand } from '../args/define-command.ts';
import { type CliIo, EXIT, writeLines } from '../terminal/process.ts';
import { requireInputs, resumeDownload } from './run-download.ts';

/** `remove`: of a dataset in a folder or in a store. */
export const removeCommand = defineCommand({
  name: 'remove',
  summary:
    'Take samples out of a dataset, by their URLs, keys or a filter: they leave the shards, their rows stay as ' +
    'removed, and no later run fetches them again. Options as for resume.',
  usage: 'remove DEST --urls FILE | --keys FILE | --where FILTER [--forget-urls] [--dry-run] [options]',
  positionals: { least: 1, most: 1, words: 'one dataset: flow-dc remove DEST --urls FILE' },
  async run({ positionals, config }, io) {
    const { urls, keys, where = [], forget_urls: forget = false, dry_run: dryRun = false, ...given } = config;
    const dest = positionals[0] as string;
    const filters = typeof where === 'string' ? [where] : where;
    if (urls === undefined && keys === undefined && filters.length === 0)
      throw new FlowDcError(
        'FDC_ERR_USAGE',
        'remove: say what to take out: --urls FILE, --keys FILE or --where FILTER',
      );
    const { store } = resolveConfig(given, 'remove');
    const job = await viewJob(dest, store);
    try {
      const why = whyNotThinned(job);
      if (why !== undefined) throw new FlowDcError('FDC_ERR_USAGE', `remove: ${job.out} ${why}`);
      const mark = await job.mark();
      if (mark !== undefined && given.take_over !== true) throw distributedError(job.out, mark);
      const lines = await linesOf(job, urls);
      const meant: MeantRows = {
        urls: new Set(lines.map(removedUrl)),
        keys: new Set(await linesIn(keys)),
        filter: rowFilter(filters, 'remove'),
        forget,
      };
      // What is not finished is left so, and reads no manifest.
      if (!dryRun && (await isFinishedJob(job))) await requireInputs(job, given, io);
      const isFinished = await takeOutLocked(job, meant, dryRun, io);
      if (isFinished === undefined) return EXIT.done;
      return isFinished ? await sealAgain(job, given, io) : tellUnfinished(job, io);
    } finally {
      await job.close();
    }
  },
});

/** @returns whether the dataset was finished before; undefined where nothing was taken out */
async function takeOutLocked(job: JobView, meant: MeantRows, dryRun: boolean, io: CliIo): Promise<boolean | undefined> {
  const lock = await job.lock();
  try {
    // What a removal was cut short in was finished before.
    const isFinished = (await isFinishedJob(job)) || (await readRemovalMark(job.state)) !== undefined;
    return (await takeOut(job, meant, dryRun, io)) ? isFinished : undefined;
  } finally {
    await lock.release();
  }
}

/** @returns whether anything was taken out, so that the rest of the dataset has to follow */
async function takeOut(job: JobView, meant: MeantRows, dryRun: boolean, io: CliIo): Promise<boolean> {
  const { kept } = job.removal;
  const isCut = (await readRemovalMark(job.state)) !== undefined;
  if (isCut) writeLines(io.stderr, ['a removal was cut short here: it is finished first']);
  if (isCut && !dryRun) await finishRemoval(job.removal);
  const gathered = await gatherRemoval(job, meant, kept);
  writeLines(io.stderr, gatheredLines(job.out, gathered));
  if (dryRun) writeLines(io.stderr, ['dry run: nothing was changed']);
  if (dryRun) return false;
  // First of all: what is not there any more must not come back.
  const { hashes } = gathered;
  if (hashes.size > 0) await addRemoved(job.state, meant.forget ? forgottenLines(hashes) : hashes);
  if (kept !== undefined) for (const unit of gathered.kept) await dropKept(kept, unit);
  if (gathered.units.length === 0) return isCut;
  const id = randomBytes(6).toString('hex');
  await markRemoval(job.state, { id, code: 'removed', forget: meant.forget, units: gathered.units });
  await finishRemoval(job.removal);
  return true;
}

function gatheredLines(out: string, { samples, bytes, shards, hashes, unknown }: GatheredRemoval): string[] {
  const rest = unknown === 0 ? [] : [`${count(unknown)} of the given names are of no row`];
  if (samples === 0) return [`remove: no sample of ${out} is meant`, ...rest, notAgain(hashes.size)];
  const where = counted(shards, 'shard');
  return [
    `remove: ${counted(samples, 'sample')} (${byteSize(bytes)}) ${samples === 1 ? 'leaves' : 'leave'} ${where}`,
    ...rest,
    notAgain(hashes.size),
  ];
}

function notAgain(urls: number): string {
  return `${counted(urls, 'URL')} ${urls === 1 ? 'is' : 'are'} not fetched again by any run of this job`;
}

/** Card, sums and index follow. @returns the exit code of the run */
async function sealAgain(job: JobView, given: Config, io: CliIo): Promise<number> {
  try {
    const code = await resumeDownload(job, given, io);
    writeLines(io.stderr, [`remove: done; flow-dc verify ${shellQuoted(job.out)} reads all of it back`]);
    return code;
  } catch (error) {
    if (!isFlowDcError(error)) throw error;
    const rest = `flow-dc resume ${shellQuoted(job.out)} writes card and sums again`;
    writeLines(io.stderr, [`the samples are gone; ${rest}, once this is mended:`]);
    throw error;
  }
}

function tellUnfinished({ out }: JobView, io: CliIo): number {
  writeLines(io.stderr, [`remove: done; the dataset is not finished: flow-dc resume ${shellQuoted(out)}`]);
  return EXIT.done;
}

/** Errors: FDC_ERR_USAGE where the tables do not have the URLs as they are given. */
async function linesOf({ out, identity }: JobView, file: string | undefined): Promise<readonly string[]> {
  const lines = await linesIn(file);
  const hasQuery = lines.some((line) => line.includes('?'));
  if (!hasQuery || identity.redactQuery !== true) return lines;
  const message = `remove: ${out} was written with redact_query: URLs with a query cannot be found in it; use --keys`;
  throw new FlowDcError('FDC_ERR_USAGE', message);
}

/** Errors: FDC_ERR_USAGE for a file that cannot be read, or holds nothing. */
async function linesIn(file: string | undefined): Promise<readonly string[]> {
  if (file === undefined) return [];
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new FlowDcError('FDC_ERR_USAGE', `remove: ${file} cannot be read (${cause.code})`, { cause });
  });
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const named = lines.filter((line) => line !== '');
  if (named.length === 0) throw new FlowDcError('FDC_ERR_USAGE', `remove: ${file} names nothing: a line for each`);
  return named;
}
