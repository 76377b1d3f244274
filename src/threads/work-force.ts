/** The working half in this thread and, when it is called for, in others: one set of limits over all of them. */
import { availableParallelism } from 'node:os';
import { openWorkStages, type WorkStages, type WorkSurroundings, work } from '../chain.ts';
import { sharedClockShiftMs } from '../clock.ts';
import { stageSettings } from '../config/stage-settings.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { GateTable } from '../host-budget/threads/gate-table.ts';
import { LimitDesk } from '../host-budget/threads/limit-desk.ts';
import type { HostLimits } from '../host-limits.ts';
import type { HostLoad } from '../stages/fetch/result-stream.ts';
import { createLimits } from '../stages/fetch/schedule/create-limits.ts';
import { publish } from '../telemetry/channels.ts';
import type { JobChannel } from '../transport/transport.ts';
import { Crew } from './crew.ts';

/** Hosts that threads may have in use at a time: those with rows of open units, and the idle ones that are kept. */
const MAX_SLOTS = 262_144;

export interface WorkForce {
  /** What this thread's stages are made of. */
  readonly stages: WorkStages;
  /** All threads together. */
  stats(): { readonly inFlight: number; readonly queued: number };
  busiestHosts(most: number): HostLoad[];
  /**
   * Work on the channel's units until there are none left, or somebody says stop. Once.
   * @param unitsWaiting - how many there are that nobody works on
   */
  work(channel: WorkedChannel, signals: WorkSignals, unitsWaiting: () => number): Promise<void>;
  /** End everything: stages, threads, controllers. */
  close(): Promise<void>;
}

export type WorkedChannel = Pick<JobChannel, 'next' | 'commit' | 'record'>;

export interface WorkSignals {
  readonly drain: AbortSignal;
  readonly stop: AbortSignal;
}

/** Build the working half; threads are started later. Errors: FDC_ERR_CONFIG_INVALID. */
export function openWorkForce(config: ResolvedConfig, around: WorkSurroundings, output: string): WorkForce {
  const threads = config.run.threads ?? availableParallelism();
  return threads === 1 ? new OneThread(config, around) : new ManyThreads(config, around, output, threads);
}

class OneThread implements WorkForce {
  readonly stages: WorkStages;

  constructor(config: ResolvedConfig, around: WorkSurroundings) {
    this.stages = openWorkStages(config, around);
  }

  stats(): { readonly inFlight: number; readonly queued: number } {
    return this.stages[0].stats();
  }

  busiestHosts(most: number): HostLoad[] {
    return this.stages[0].busiestHosts(most);
  }

  work(channel: WorkedChannel, signals: WorkSignals): Promise<void> {
    return work(channel, this.stages, signals);
  }

  async close(): Promise<void> {
    for (const stage of this.stages) stage.destroy();
  }
}

class ManyThreads implements WorkForce {
  readonly stages: WorkStages;
  readonly #config: ResolvedConfig;
  readonly #around: WorkSurroundings;
  readonly #output: string;
  readonly #table: GateTable;
  readonly #desk: LimitDesk;
  #crew: Crew | undefined;

  constructor(config: ResolvedConfig, around: WorkSurroundings, output: string, threads: number) {
    const { clock } = around;
    const { concurrentDownloads: maxInFlight, bodyMemoryBytes } = config.fetch;
    this.#around = around;
    this.#output = output;
    this.#table = new GateTable({ slots: MAX_SLOTS, threads, maxInFlight });
    this.#desk = new LimitDesk({
      limits: around.hostLimits ?? ownControllers(config, around),
      table: this.#table,
      clock,
      shiftMs: sharedClockShiftMs(),
      onTransition: (host, transition) => publish('flow-dc:limit', () => ({ host, atMs: clock.nowMs(), transition })),
    });
    // One budget for the bodies of the process, in equal parts.
    const share = Math.floor(bodyMemoryBytes / threads);
    const fetch = stageSettings('fetch', { ...config.fetch, bodyMemoryBytes: share });
    this.#config = { ...config, fetch };
    this.stages = openWorkStages(this.#config, { ...around, hostLimits: this.#desk.here });
  }

  stats(): { readonly inFlight: number; readonly queued: number } {
    const all = [this.stages[0].stats(), ...(this.#crew?.reports ?? [])];
    return {
      inFlight: all.reduce((sum, { inFlight }) => sum + inFlight, 0),
      queued: all.reduce((sum, { queued }) => sum + queued, 0),
    };
  }

  busiestHosts(most: number): HostLoad[] {
    const byHost = new Map<string, HostLoad>();
    const all = [...this.stages[0].busiestHosts(most), ...(this.#crew?.reports ?? []).flatMap(({ hosts }) => hosts)];
    for (const load of all) {
      const known = byHost.get(load.host);
      byHost.set(load.host, known === undefined ? load : added(known, load));
    }
    return [...byHost.values()].sort((a, b) => b.inFlight - a.inFlight || b.waiting - a.waiting).slice(0, most);
  }

  async work(channel: WorkedChannel, { drain, stop }: WorkSignals, unitsWaiting: () => number): Promise<void> {
    const { destination, clock, worker = 'local' } = this.#around;
    const crew = new Crew({
      most: this.#table.size.threads - 1,
      config: this.#config,
      output: this.#output,
      spillFolder: destination.spillFolder,
      worker,
      channel,
      unitsWaiting,
      table: this.#table,
      desk: this.#desk,
      clock,
      drain,
      stop,
    });
    this.#crew = crew;
    const here = work(channel, this.stages, { drain, stop }).then(() => crew.finish());
    await Promise.all([here, crew.failure]);
  }

  async close(): Promise<void> {
    await this.#crew?.close();
    for (const stage of this.stages) stage.destroy();
    this.#desk.close();
  }
}

function ownControllers({ fetch, paarc }: ResolvedConfig, { clock, profiles }: WorkSurroundings): HostLimits {
  return createLimits(fetch, paarc, { clock, random: Math.random, profiles });
}

function added(a: HostLoad, b: HostLoad): HostLoad {
  return {
    host: a.host,
    inFlight: a.inFlight + b.inFlight,
    limit: Math.max(a.limit, b.limit),
    waiting: a.waiting + b.waiting,
    isPaused: a.isPaused && b.isPaused,
  };
}
