/** The live page around a command that runs something: opened before it, told how it ended, and gone with it. */
import type { ResolvedConfig } from '../../config/types.ts';
import { parseDestination } from '../../destination/destination-name.ts';
import { folderPaths } from '../../destination/folder-layout.ts';
import type { LiveRun } from '../../serve/live-run.ts';
import type { ServedState } from '../../serve/watch/served-state.ts';
import { type CliIo, EXIT, errorLines, writeLines } from './process.ts';
import type { ProgressReporter } from './progress.ts';

/**
 * @param run - gets a signal that the page's button aborts too; without `--serve` it gets what it would get anyway
 * Errors: FDC_ERR_CONFIG_INVALID for an address that cannot be listened on; those of `run`.
 */
export async function withLive(
  kind: ServedState['kind'],
  config: ResolvedConfig,
  io: CliIo,
  run: (io: CliIo, live: LiveRun | undefined) => Promise<number>,
): Promise<number> {
  const { serve } = config.run;
  if (serve === undefined) return run(io, undefined);
  // Loaded only where somebody wants it.
  const { LiveRun } = await import('../../serve/live-run.ts');
  const live = await LiveRun.open({ address: serve, kind, config, output: config.sink.output ?? '' });
  writeLines(io.stderr, live.lines);
  const signal = AbortSignal.any([io.signal, live.drain]);
  signal.addEventListener('abort', () => live.book.drain(), { once: true });
  try {
    const code = await run({ ...io, signal }, live);
    live.close(code === EXIT.done ? 'Done.' : `Ended with exit code ${code}: not enough was fetched.`);
    return code;
  } catch (error) {
    live.close(errorLines(error).join(' '));
    throw error;
  }
}

/** The page is told what the terminal is told. */
export function alsoLive(progress: ProgressReporter, live: LiveRun | undefined): ProgressReporter {
  if (live === undefined) return progress;
  const { book } = live;
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
