/** One whole job in this process: the place opened, the chain run, what is missing made good by the same call again. */
import type { Readable, Writable } from 'node:stream';
import { planInTurn } from '../chain.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import type { RecordTotals } from '../dataset/totals.ts';
import { FlowDcError, isFlowDcError } from '../errors.ts';
import { takenRows } from '../job/extensions.ts';
import type { JobSummary } from '../job/job-summary.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import { RowPulse } from '../structures/row-pulse.ts';
import type { WorkForce } from '../threads/force.ts';
import { watchOver } from '../threads/watch-over.ts';
import { openWorkForce } from '../threads/work-force.ts';
import { createInProcessChannel } from '../transport/in-process/in-process-transport.ts';
import type { JobChannel } from '../transport/transport.ts';
import { guardRun } from './disk-guard.ts';
import { FailureWatch } from './failure-watch.ts';
import type { JobInput } from './job-input.ts';
import { lotsByRows, lotsByUnits } from './lots.ts';
import { openJobInput } from './open-job-input.ts';
import { type ReadRows, rowsOfPart, withRows } from './open-rows.ts';
import type { Beginnings, Past } from './past.ts';
import { placeFor } from './place.ts';
import { earlierSource } from './row-sources.ts';
import { interrupted, RunControl, type RunSignals } from './run-control.ts';
import type { Place } from './run-place.ts';

/** What is put aside goes through fsync, which may take its time; a second signal does not wait for it. */
const PUT_ASIDE_MS = 60_000;
/** So long a place may go on being opened once it is known that nothing will be done there. Chosen. */
const OPENING_MS = 5_000;

export interface RunJobOptions extends RunSignals {
  /** Configuration keys as given, kept for a resume without arguments. No secrets. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  /** What the input `-` reads; without it, what an earlier run kept. */
  readonly stdin?: Readable | undefined;
  /** What the output `-` writes its tar to; it is not ended. */
  readonly stdout?: Writable | undefined;
  readonly clock?: Clock | undefined;
  /** Told once, before anything is fetched. */
  readonly onStart?:
    | ((
        manifest: ManifestInfo,
        before: RecordTotals,
        notices: readonly string[],
        beginnings?: Beginnings,
      ) => void | Promise<void>)
    | undefined;
  /** Told once of what works, before it does, for somebody who watches and steers it. */
  readonly onForce?: ((force: WorkForce) => void) | undefined;
  /** Told of what went wrong without harm to the dataset, a line each. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

/**
 * Run a whole job in this process, or what is left of it: the same call again finishes what an earlier one began, and a
 * finished job is left as it is.
 * Resolves when every row is settled, or when `drain` has been obeyed; `complete` tells which.
 * Errors: every FlowDcError of the stages; FDC_ERR_INTERRUPTED after `abort`.
 */
export async function runJob(asked: ResolvedConfig, options: RunJobOptions = {}): Promise<JobSummary> {
  const { output } = asked.sink;
  if (output === undefined)
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', 'output: say where the dataset goes, e.g. -o dataset');
  const { clock = systemClock, stdout, onNotice } = options;
  const place = await placeFor(asked, output, clock, { stdout, onNotice });
  try {
    const look = async (): Promise<ResolvedConfig> => (await place.asBegun?.(options.settings ?? {})) ?? asked;
    const config = await whileOpening(place, asked, options, look);
    const input = await openJobInput(config, options.stdin, options.drain, place.pipe, await place.numbered?.());
    try {
      return await runFrom(input, place, config, options);
    } finally {
      await input.close();
    }
  } finally {
    await place.close();
  }
}

async function runFrom(
  input: JobInput,
  place: Place,
  config: ResolvedConfig,
  { settings = {}, onStart, onForce, onNotice, ...given }: RunJobOptions,
): Promise<JobSummary> {
  const { destination, committer, clock, profiles, kept } = place;
  const startedMs = clock.nowMs();
  const over = new AbortController();
  const failures = new FailureWatch(config.run, (error) => over.abort(error));
  const drain = given.drain === undefined ? over.signal : AbortSignal.any([given.drain, over.signal]);
  const signals = { ...given, drain };
  // Also while it is opened or sealed.
  const windDown = (): void => {
    destination.windDown?.(interrupted(), config.run.drainMs);
    place.hurry?.();
  };
  drain.addEventListener('abort', windDown, { once: true });
  // Built before anything is written, because this is where wrong options throw.
  const pulse = new RowPulse();
  const around = { destination, committer, clock, profiles, kept, pulse, isSteered: onForce !== undefined };
  const force = openWorkForce(config, around, destination.name);
  onForce?.(force);
  try {
    const beginning = await whileOpening(place, config, signals, () => place.open(input, settings));
    await onStart?.(input.info, beginning.before, beginning.notices, beginning.beginnings);
    const stopMs = config.run.drainMs + (place.putsAside === true ? PUT_ASIDE_MS : 0);
    const control = new RunControl(clock, stopMs, signals);
    const runs = (): Promise<boolean> =>
      runChain(input, place, beginning.past, force, control, config, onNotice, pulse);
    const endCounting = failures.listen();
    const complete = beginning.isFinished || (await runs().finally(endCounting));
    const summary = await place.conclude(input, beginning, complete, clock.nowMs() - startedMs);
    return failures.error === undefined || complete ? summary : { ...summary, stopped: failures.error };
  } finally {
    drain.removeEventListener('abort', windDown);
    await force.close();
  }
}

/** A step of opening the place, unless a signal ends it. Errors: the step's; FDC_ERR_INTERRUPTED where the store is away. */
async function whileOpening<T>(
  place: Place,
  { run }: ResolvedConfig,
  { drain, abort }: RunSignals,
  step: () => Promise<T>,
): Promise<T> {
  let cancel = (): void => {};
  const onDrain = (): void => {
    place.hurry?.();
    cancel = place.clock.timer(Math.min(run.drainMs, OPENING_MS), () => place.halt?.());
  };
  const onAbort = (): void => place.halt?.();
  const unhear = [heard(drain, onDrain), heard(abort, onAbort)];
  try {
    return await step();
  } catch (error) {
    if (drain?.aborted === true && isFlowDcError(error) && error.code === 'FDC_ERR_DEST_IO') throw interrupted();
    throw error;
  } finally {
    cancel();
    for (const end of unhear) end();
  }
}

/** @returns ends it */
function heard(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal?.aborted === true) listener();
  else signal?.addEventListener('abort', listener, { once: true });
  return () => signal?.removeEventListener('abort', listener);
}

/** Read what is to be read and publish its units. */
async function planRun(
  input: JobInput,
  past: Past | undefined,
  config: ResolvedConfig,
  { destination, pipe }: Place,
  channel: JobChannel,
  signal: AbortSignal,
): Promise<void> {
  const folder = destination.spillFolder;
  const { rounds = [], parts = [], settled } = past ?? {};
  const part = parts.at(-1);
  const taken = part && (await takenRows((past as Past).state, part));
  const rows: ReadRows = part ? (columns) => rowsOfPart(input.read(columns), part, taken) : input.read;
  await withRows(rows, config.run.dedupe, folder, signal, async (read) => {
    if (settled === undefined) return planInTurn(lotsByUnits({ read }, rounds, input.cutting()), channel, signal);
    const around = { config, state: (past as Past).state, pipe, folder, signal };
    const sources = parts.slice(0, -1).map((earlier) => earlierSource(earlier, around));
    sources.push({ firstRow: part?.firstRow ?? 0, endRow: part && part.firstRow + part.rows, read });
    const lots = lotsByRows(sources, rounds, settled, input.cutting());
    return planInTurn(lots, channel, signal, settled.units);
  });
  await input.finish();
}

/** @returns whether every unit of the manifest has its record now */
async function runChain(
  input: JobInput,
  place: Place,
  past: Past | undefined,
  force: WorkForce,
  control: RunControl,
  config: ResolvedConfig,
  onNotice: RunJobOptions['onNotice'],
  pulse: RowPulse,
): Promise<boolean> {
  const { destination, committer, clock } = place;
  input.warnings.onWarning = (message) => onNotice?.(`warning: ${message}`);
  const rollForward = destination.rollForward.bind(destination);
  const channel = createInProcessChannel({ committer, clock, rollForward, highWater: config.transport.queueUnits });
  const unwatch = place.watch(force, (error) => control.fail(error));
  const endWatch = watchOver(pulse, destination.poisonFolder);
  const isEnding = (): boolean => control.drain.aborted;
  const endGuard = guardRun(config, destination, force, { clock, isEnding, onNotice });
  const halt = (): void => {
    destination.halt?.(control.stop.reason);
    place.halt?.();
  };
  control.stop.addEventListener('abort', halt, { once: true });
  const planned = async (): Promise<void> => planRun(input, past, config, place, channel, control.stop);
  try {
    return await control.run(
      planned(),
      force.work(channel, control, { unitsWaiting: () => channel.waiting, onNotice }),
    );
  } finally {
    endWatch();
    endGuard();
    control.release();
    await channel[Symbol.asyncDispose]();
    for (const notice of await unwatch()) onNotice?.(notice);
  }
}
