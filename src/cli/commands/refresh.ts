/** Refresh: the URLs of a dataset's samples are asked again, and what has changed since is told. */
import { existsSync } from 'node:fs';
import { resolveConfig } from '../../config/resolve.ts';
import { rowFilter } from '../../dataset/latest/row-filter.ts';
import { FlowDcError } from '../../errors.ts';
import { count } from '../../format.ts';
import type { JobView } from '../../job/view/job-view.ts';
import { viewJob } from '../../job/view/view-job.ts';
import { askAgain, type Refreshed } from '../../refresh/ask-again.ts';
import { DiffFile } from '../../refresh/diff-file.ts';
import { storedRows } from '../../refresh/stored-rows.ts';
import { defineCommand } from '../args/define-command.ts';
import { EXIT, writeLines } from '../terminal/process.ts';
import { configOf } from './download.ts';

/** `refresh`: of a dataset, finished or not, in a folder or in a store. */
export const refreshCommand = defineCommand({
  name: 'refresh',
  summary:
    'Ask the URL of every sample again, by the entity tag and the date that its host gave, and say which have changed, ' +
    'which are gone, and which are the same; the dataset stays as it is. Options and headers as for resume.',
  usage: 'refresh DEST [--where FILTER] [-o DIFF.csv|DIFF.parquet] [options]',
  positionals: { least: 1, most: 1, words: 'one dataset: flow-dc refresh DEST' },
  async run({ positionals, config }, io) {
    const { output: path, where = [], json, ...given } = config;
    requireTable(path);
    const filter = rowFilter(typeof where === 'string' ? [where] : where, 'refresh');
    const { store } = resolveConfig(given, 'refresh');
    const job = await viewJob(positionals[0] as string, store);
    try {
      requireUrls(job);
      const resolved = resolveConfig(configOf(job, given), 'refresh');
      const diff = path === undefined ? undefined : new DiffFile(path);
      const refreshed = await askAgain(storedRows(job, filter), { config: resolved, diff, signal: io.signal });
      const isWritten = (await diff?.close()) === true;
      const { changed: _rows, ...told } = refreshed;
      writeLines(io.stdout, json === true ? [JSON.stringify(told)] : refreshLines(job.out, refreshed));
      if (isWritten) writeLines(io.stderr, [`${count(refreshed.rows)} rows: ${path}`]);
      if (refreshed.isCut)
        throw new FlowDcError(
          'FDC_ERR_INTERRUPTED',
          'interrupted; the same command asks from the first row on again, which is cheap where hosts answer 304',
        );
      return EXIT.done;
    } finally {
      await job.close();
    }
  },
});

/** For people. */
function refreshLines(out: string, { rows, verdicts, failures, isCut }: Refreshed): string[] {
  if (rows === 0) return [`refresh of ${out}: no sample was asked for`];
  const width = count(rows).length;
  const why = Object.entries(failures)
    .sort(([, a], [, b]) => b - a)
    .map(([code, times]) => `${code} ${count(times)}`);
  return [
    `refresh of ${out}: ${count(rows)} samples asked for${isCut ? ', and not all of them' : ''}`,
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
