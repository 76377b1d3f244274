/** Download: the whole chain in one process. */
import { resolveConfig } from '../../config/resolve.ts';
import type { Config, ResolvedConfig } from '../../config/types.ts';
import { FlowDcError } from '../../errors.ts';
import { readManifestInfo } from '../../index.ts';
import type { JobSummary } from '../../job/job-summary.ts';
import { runJob } from '../../run/run-job.ts';
import { subscribe } from '../../telemetry/channels.ts';
import type { CliIo, Command } from '../args/command.ts';
import { commandConfig } from '../args/command-config.ts';
import { parseFlags } from '../args/flags.ts';
import { helpFor } from '../args/help.ts';
import { keptSettings } from '../args/kept-settings.ts';
import { EXIT, exitCodeOfSummary } from '../terminal/exit-codes.ts';
import { openLog, openTrace } from '../terminal/log.ts';
import { preflightLines, rowsToCome } from '../terminal/preflight.ts';
import { createProgress } from '../terminal/reporter.ts';
import { summaryLines } from '../terminal/run-summary.ts';

/** `download`: the whole chain in one process. */
export const downloadCommand: Command = {
  name: 'download',
  summary:
    'Download every URL of a manifest into a dataset. The same command again resumes; a finished one does nothing.',
  usage: 'download MANIFEST... -o DEST [options]',
  async run(argv, io) {
    const flags = parseFlags(argv, { command: 'download' });
    if (flags.help) {
      io.stdout.write(helpFor(downloadCommand));
      return EXIT.done;
    }
    const { config, notices } = await commandConfig(flags, io);
    return runDownload(config, io, notices);
  },
};

/**
 * Run the job that `config` describes, reporting on stderr; the result goes to stdout with `json`.
 * @param notices - said before the run, one line each
 * @returns the exit code
 */
export async function runDownload(config: Config, io: CliIo, notices: readonly string[] = []): Promise<number> {
  const resolved = resolveConfig(config, 'download');
  requireEnds(resolved);
  for (const notice of notices) io.stderr.write(`${notice}\n`);
  if (resolved.run.dryRun) return dryRun(resolved, io);
  const log = openLog(resolved.run);
  const trace = openTrace(resolved.run.tracePaarc);
  const progress = createProgress(resolved.run.progress, io.stderr);
  const onDrain = (): void =>
    progress.note(`finishing what is open, at most ${resolved.run.drainMs / 1000} s; interrupt again to stop now`);
  io.signal.addEventListener('abort', onDrain, { once: true });
  const unsubscribe = subscribe('flow-dc:network', ({ isHeld }) =>
    progress.note(isHeld ? NETWORK_DOWN : 'the network answers again: going on'),
  );
  try {
    const summary = await runJob(resolved, {
      drain: io.signal,
      ...(io.stdin === undefined ? {} : { stdin: io.stdin }),
      settings: { ...keptSettings(config) },
      ...(io.abort === undefined ? {} : { abort: io.abort }),
      onNotice: (notice) => progress.note(notice),
      onStart: async (manifest, before, jobNotices) => {
        const lines = [...(await preflightLines(resolved, manifest)), ...jobNotices];
        if (before.rows > 0) lines.push(`resuming: ${before.rows} rows in ${before.units} shards are settled already`);
        for (const line of lines) progress.note(line);
        progress.expect(rowsToCome(manifest, resolved), before.rows);
        log.info({ inputs: manifest.files, roles: manifest.roles, output: resolved.sink.output }, 'start');
      },
    });
    progress.close();
    log.info({ summary }, 'end');
    return report(summary, resolved, io);
  } catch (error) {
    progress.close();
    log.error({ err: { code: (error as { code?: string }).code, message: (error as Error).message } }, 'failed');
    throw error;
  } finally {
    io.signal.removeEventListener('abort', onDrain);
    unsubscribe();
    await Promise.all([log.close(), trace.close()]);
  }
}

const NETWORK_DOWN =
  'no host can be resolved or connected to: holding all rows until the network answers (interrupt to stop; ' +
  'nothing is lost)';

function report(summary: JobSummary, { run }: ResolvedConfig, io: CliIo): number {
  for (const line of summaryLines(summary)) io.stderr.write(`${line}\n`);
  if (run.json) io.stdout.write(`${JSON.stringify(summary)}\n`);
  if (!summary.complete)
    throw new FlowDcError('FDC_ERR_INTERRUPTED', `interrupted; go on with: flow-dc resume ${summary.out}`);
  return exitCodeOfSummary(summary, run.maxFailureRate);
}

async function dryRun(config: ResolvedConfig, io: CliIo): Promise<number> {
  const { inputs, ...options } = config.manifest;
  for (const line of await preflightLines(config, await readManifestInfo(inputs, options)))
    io.stderr.write(`${line}\n`);
  io.stderr.write('dry run: nothing was fetched or written\n');
  return EXIT.done;
}

function requireEnds({ manifest, sink }: ResolvedConfig): void {
  if (manifest.inputs.length === 0)
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      'download: name a manifest, or - for stdin: flow-dc download MANIFEST -o DEST',
    );
  if (sink.output === undefined)
    throw new FlowDcError('FDC_ERR_USAGE', 'download: say where the dataset goes: flow-dc download MANIFEST -o DEST');
  if (sink.output === '-')
    throw new FlowDcError('FDC_ERR_USAGE', 'download: a tar on stdout (-o -) is not available yet: give a folder');
}
