/** The live page around a command that runs something: opened before it, told how it ended, and gone with it. */
import type { ResolvedConfig } from '../../config/types.ts';
import { parseDestination } from '../../destination/destination-name.ts';
import { folderPaths } from '../../destination/folder-layout.ts';
import { isFlowDcError } from '../../errors.ts';
import type { Live } from '../../serve/live.ts';
import type { LiveJob } from '../../serve/live-job.ts';
import type { LiveRun } from '../../serve/live-run.ts';
import { type CliIo, EXIT, errorLines, writeLines } from './process.ts';
import type { ProgressReporter } from './progress.ts';

/** A page with a button that ends what it shows. */
interface Opened {
  readonly live: Live;
  readonly drain: AbortSignal;
}

/** Errors: FDC_ERR_CONFIG_INVALID for an address that cannot be listened on. */
export async function openLiveRun(
  kind: 'download' | 'worker',
  config: ResolvedConfig,
  output: string | undefined,
): Promise<LiveRun | undefined> {
  const { serve: address } = config.run;
  if (address === undefined) return undefined;
  // Loaded only where somebody wants it.
  const { LiveRun } = await import('../../serve/live-run.ts');
  return LiveRun.open({ address, kind, config, output: output ?? '' });
}

/** Errors: FDC_ERR_CONFIG_INVALID for an address that cannot be listened on. */
export async function openLiveJob(
  kind: 'submit' | 'job',
  address: string | undefined,
  output: string | undefined,
): Promise<LiveJob | undefined> {
  if (address === undefined) return undefined;
  const { LiveJob } = await import('../../serve/live-job.ts');
  return LiveJob.open({ address, kind, output: output ?? '' });
}

/**
 * @param opened - undefined without `--serve`: then `run` gets what it would get anyway
 * @param run - gets a signal that the page's button aborts too
 */
export async function withLive<Page extends Opened>(
  opened: Page | undefined,
  io: CliIo,
  run: (io: CliIo, page: Page | undefined) => Promise<number>,
): Promise<number> {
  if (opened === undefined) return run(io, undefined);
  const { live, drain } = opened;
  writeLines(io.stderr, live.lines);
  const signal = AbortSignal.any([io.signal, drain]);
  signal.addEventListener('abort', () => live.book.drain(), { once: true });
  try {
    const code = await run({ ...io, signal }, opened);
    if (code === EXIT.done) live.close('Done.', 'done');
    else live.close(`Ended with exit code ${code}: not enough was fetched.`, 'failed');
    return code;
  } catch (error) {
    const isStopped = isFlowDcError(error) && error.code === 'FDC_ERR_INTERRUPTED';
    live.close(errorLines(error).join(' '), isStopped ? 'stopped' : 'failed');
    throw error;
  }
}

/** The page is told what the terminal is told. */
export function alsoLive(progress: ProgressReporter, opened: Opened | undefined): ProgressReporter {
  if (opened === undefined) return progress;
  const { book } = opened.live;
  return {
    ...progress,
    expect(rowsTotal, rowsBefore) {
      progress.expect(rowsTotal, rowsBefore);
      book.begin(rowsTotal, rowsBefore);
    },
    note(line) {
      progress.note(line);
      book.note(line);
    },
  };
}

/** The folder of a job's state; undefined where that is not on this machine's disk, or nowhere. */
export function stateFolderOf({ sink }: Pick<ResolvedConfig, 'sink'>): string | undefined {
  const { output, createTar } = sink;
  if (output === undefined || parseDestination(output).kind !== 'folder') return undefined;
  return folderPaths(output, createTar ? 'shards' : 'files').state;
}
