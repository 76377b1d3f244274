/** A download as a terminal sees it: the whole chain in one process. */
import { withFlags } from '../../config/combine.ts';
import { resolveConfig } from '../../config/resolve.ts';
import type { Config, ResolvedConfig } from '../../config/types.ts';
import { STDOUT_NAME } from '../../destination/stream-destination.ts';
import { FlowDcError } from '../../errors.ts';
import { settledText } from '../../format.ts';
import { readParts, sameFiles } from '../../job/extensions.ts';
import type { JobSummary } from '../../job/job-summary.ts';
import type { JobView } from '../../job/view/job-view.ts';
import { nextCommand } from '../../next-command.ts';
import { countUnits } from '../../run/count-units.ts';
import { lookAtInputs, type NeededRows } from '../../run/look-at-inputs.ts';
import { lookAtOutput } from '../../run/look-at-output.ts';
import { expectedRows } from '../../run/manifest-rows.ts';
import { openJobInput } from '../../run/open-job-input.ts';
import { runJob } from '../../run/run-job.ts';
import type { LiveRun } from '../../serve/live-run.ts';
import { meansStore } from '../../store/store-url.ts';
import { subscribe } from '../../telemetry/channels.ts';
import { keptSettings, requireManifest } from '../args/command-config.ts';
import { noteBottleneck } from '../terminal/bottleneck-lines.ts';
import { withEndHooks } from '../terminal/end-hooks.ts';
import { noteHosts } from '../terminal/host-lines.ts';
import { openLog, openTrace } from '../terminal/log.ts';
import { planLines } from '../terminal/plan-lines.ts';
import { type CliIo, EXIT, exitCodeOfSummary, writeLines } from '../terminal/process.ts';
import { createProgress } from '../terminal/progress.ts';
import { preflightLines, summaryLines, uploadLines } from '../terminal/run-lines.ts';
import { openBytesOutput, requireBytesOutput } from '../terminal/standard-output.ts';
import { endHooks } from '../terminal/tell-end.ts';
import { speakAs, writeResult } from '../terminal/voice.ts';
import { alsoLive, openLiveRun, stateFolderOf, withLive } from '../terminal/with-live.ts';

/** Of a run that leaves no job behind. */
const NO_BEGINNINGS = { rows: undefined, again: 0, interrupted: false };

const NETWORK_DOWN =
  'no host can be resolved or connected to, or the proxy is away: holding all rows until the network answers (interrupt to stop; ' +
  'nothing is lost)';

/** Go on with a job. @param given - wins over what its folder remembers; @returns the exit code */
export async function resumeDownload(job: ResumedJob, given: Config, io: CliIo): Promise<number> {
  const config = configOf(job, { ...(await begunInput(job)), ...given });
  // What was piped before is read from where it was kept; a terminal must not be waited for.
  return runDownload(config, { ...io, stdin: undefined });
}

type ResumedJob = Pick<JobView, 'out' | 'settings' | 'state' | 'identity'>;

/**
 * For a second run, before it changes anything: the manifests that it will read are there, and are those of the dataset.
 * @param rows - those that will be fetched again, where they are known
 * Errors: FDC_ERR_JOB_MISMATCH, and those of reading manifests.
 */
export async function requireInputs(job: JobView, given: Config, io: CliIo, rows?: NeededRows): Promise<void> {
  const config = configOf(job, { ...(await begunInput(job)), ...given });
  const options = { settings: keptSettings(config), signal: io.signal, rows };
  await lookAtInputs(job, resolveConfig(config, 'download'), options);
}

/** A manifest that was begun to be added by a run that was killed before its job knew of it. */
async function begunInput({ state, identity }: ResumedJob): Promise<Pick<Config, 'input'>> {
  const part = (await readParts(state)).at(-1);
  return part === undefined || sameFiles(part.identity, identity.inputs) ? {} : { input: [...part.input] };
}

/** What a job runs with. @param given - wins over what its folder remembers */
export function configOf(job: Pick<JobView, 'out' | 'settings'>, given: Config): Config {
  return { ...withFlags(settingsOf(job), given), output: job.out, overwrite: false };
}

/** How a store is reached from here is known here: the job was found that way. */
function settingsOf({ out, settings }: Pick<JobView, 'out' | 'settings'>): Config {
  const {
    s3_endpoint: _endpoint,
    s3_region: _region,
    s3_profile: _profile,
    s3_path_style: _style,
    ...others
  } = settings as Config;
  return meansStore(out) ? others : (settings as Config);
}

/**
 * Run the job that `config` describes, reporting on stderr; the result goes to stdout with `json`.
 * @param notices - said before the run, one line each
 * @returns the exit code
 */
export async function runDownload(config: Config, given: CliIo, notices: readonly string[] = []): Promise<number> {
  const resolved = resolveConfig(config, 'download');
  const io = speakAs(resolved.run, given);
  requireManifest('download', resolved, io);
  requireOutput(resolved, io);
  writeLines(io.stderr, notices);
  const hooks = endHooks(resolved.run.onEnd, io.env, resolved.fetch);
  if (resolved.run.dryRun) return dryRun(resolved, io, config);
  return withEndHooks('download', hooks, resolved.sink.output ?? '', io, async (told) => {
    const live = await openLiveRun('download', resolved, resolved.sink.output);
    return withLive(live, io, (liveIo) => runLive(config, resolved, liveIo, { live, told }));
  });
}

async function runLive(
  config: Config,
  resolved: ResolvedConfig,
  io: CliIo,
  { live, told }: { readonly live: LiveRun | undefined; readonly told: (summary: JobSummary) => void },
): Promise<number> {
  const log = await openLog(resolved.run);
  const trace = await openTrace(resolved.run.tracePaarc);
  const progress = alsoLive(createProgress(resolved.run, io.stderr), live);
  const stdout = resolved.sink.output === STDOUT_NAME ? openBytesOutput(io.stdout) : undefined;
  const onDrain = (): void => progress.note(drainLine(resolved));
  io.signal.addEventListener('abort', onDrain, { once: true });
  const unsubscribe = [
    noteBottleneck(progress.note, againWay(resolved)),
    noteHosts(progress.note, resolved.fetch),
    subscribe('flow-dc:network', ({ isHeld }) =>
      progress.note(isHeld ? NETWORK_DOWN : 'the network answers again: going on'),
    ),
    subscribe('flow-dc:shortage', ({ message }) =>
      progress.note(`${message}; fewer downloads at once until there is, and no row is lost`),
    ),
  ];
  try {
    const summary = await runJob(resolved, {
      drain: io.signal,
      abort: io.abort,
      stdin: io.stdin,
      stdout,
      settings: keptSettings(config),
      onNotice: (notice) => progress.note(notice),
      onForce: live && ((force) => void live.attach(force)),
      onStart: async (manifest, before, jobNotices, { rows, again = 0 } = NO_BEGINNINGS) => {
        const lines = [...(await preflightLines(resolved, manifest)), ...jobNotices];
        if (before.rows > 0) lines.push(`resuming: ${settledText(before)}`);
        lines.push(...((await live?.live.keepKey(stateFolderOf(resolved))) ?? []));
        for (const line of lines) progress.note(line);
        const all = rows ?? expectedRows(manifest, resolved);
        progress.expect(all === undefined || rows !== undefined ? all : all + again, before.rows);
        log.info({ inputs: manifest.files, roles: manifest.roles, output: resolved.sink.output }, 'start');
      },
    });
    // What the reader did not take within drain_sec.
    if (stdout?.destroyed === true && !summary.complete) throw cutShort();
    progress.close();
    log.info({ summary }, 'end');
    told(summary);
    return report(summary, resolved, io);
  } catch (error) {
    progress.close();
    log.failed(error);
    throw stdout !== undefined && io.abort?.aborted === true ? cutShort() : error;
  } finally {
    io.signal.removeEventListener('abort', onDrain);
    for (const end of unsubscribe) end();
    stdout?.destroy();
    await Promise.all([log.close(), trace.close()]);
  }
}

/** How a run is gone on with under other options. */
function againWay({ sink: { output = '' }, store }: ResolvedConfig): string {
  const isPassing = output === STDOUT_NAME || output === 'none:';
  return `interrupt, then ${isPassing ? 'begin again with' : nextCommand('resume', output, store)}`;
}

function report(summary: JobSummary, { run, store }: ResolvedConfig, io: CliIo): number {
  writeResult(io.stderr, summaryLines(summary, store));
  if (run.json) writeLines(io.stdout, [JSON.stringify({ ...summary, stopped: summary.stopped?.message })]);
  if (summary.stopped !== undefined) throw summary.stopped;
  if (!summary.complete) {
    const next = summary.out === STDOUT_NAME ? ENDED : `; go on with: ${nextCommand('resume', summary.out, store)}`;
    throw new FlowDcError('FDC_ERR_INTERRUPTED', `interrupted${next}`);
  }
  return exitCodeOfSummary(summary, run.maxFailureRate);
}

async function dryRun(config: ResolvedConfig, io: CliIo, given: Config): Promise<number> {
  const input = await openJobInput({ ...config, sink: { ...config.sink, output: 'none:' } }, io.stdin, io.signal);
  try {
    writeLines(io.stderr, await preflightLines(config, input.info));
    const there = await lookAtOutput(config, input, keptSettings(given));
    const plan = planLines(config, await countUnits(input, io.signal));
    const lines = [...(there === undefined ? [] : [there]), ...plan, ...uploadLines(config)];
    writeResult(io.stderr, [...lines, 'dry run: nothing was fetched or written']);
    return EXIT.done;
  } finally {
    await input.close();
  }
}

const ENDED = ': the tar on stdout ends after what was fetched; it cannot be resumed, only begun again';

function cutShort(): FlowDcError {
  const message = 'interrupted in the middle: the tar on stdout is cut off; it cannot be resumed, only begun again';
  return new FlowDcError('FDC_ERR_INTERRUPTED', message);
}

/** Errors: FDC_ERR_USAGE. */
function requireOutput({ sink, run }: ResolvedConfig, { stdout }: CliIo): void {
  if (sink.output === undefined)
    throw new FlowDcError('FDC_ERR_USAGE', 'download: say where the dataset goes: flow-dc download MANIFEST -o DEST');
  if (sink.output !== STDOUT_NAME || run.dryRun) return;
  if (run.json)
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      'download: --json prints to stdout, which is the tar with -o -: leave it out',
    );
  requireBytesOutput(stdout);
}

function drainLine({ sink, run }: ResolvedConfig): string {
  if (sink.output === 'none:' || meansStore(sink.output ?? ''))
    return `finishing what is open, at most ${run.drainMs / 1000} s; interrupt again to stop now`;
  return sink.output === STDOUT_NAME
    ? 'stopping: the tar ends with what was fetched; interrupt again to stop at once, in the middle of it'
    : 'stopping: what was fetched is kept for the resume; interrupt again to stop at once, without that';
}
