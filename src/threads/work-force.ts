/** The working half in this thread and, when it is called for, in others: one set of limits over all of them. */
import { availableParallelism } from 'node:os';
import { addressSpaceLimit, threadsWithin } from '../address-space.ts';
import { openWorkStages, type WorkStages, type WorkSurroundings, work } from '../chain.ts';
import { sharedClockShiftMs } from '../clock.ts';
import { stageSettings } from '../config/stage-settings.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { StreamDestination } from '../destination/stream-destination.ts';
import { WorkerUploads } from '../destination/tool/worker-uploads.ts';
import { GateTable } from '../host-budget/threads/gate-table.ts';
import { LimitDesk } from '../host-budget/threads/limit-desk.ts';
import type { HostLimits } from '../host-limits.ts';
import { PoisonNotes } from '../job/poison-notes.ts';
import { openFileLimit } from '../open-files.ts';
import type { HostLoad } from '../stages/fetch/result-stream.ts';
import { createLimits } from '../stages/fetch/schedule/create-limits.ts';
import { RowPulse } from '../structures/row-pulse.ts';
import { publish } from '../telemetry/channels.ts';
import { Crew, type CrewPace } from './crew.ts';
import { CrewThread, type CrewThreadEvents } from './crew-thread.ts';
import { OneNetwork } from './one-network.ts';
import { UnitExchange, type WorkedChannel } from './unit-exchange.ts';

/** As many as may be asked for. */
const MAX_THREADS = 64;
/** No thread gets less memory for bodies than a run must have at least. */
const LEAST_BODY_BYTES = 1_048_576;
/** Nor fewer open files, which would make it slower than one thread that has all. Chosen. */
const LEAST_FILES = 256;
/**
 * Hosts that threads may have in use at a time; rows of more wait. Each thread keeps some thousand idle ones, so there
 * must be more for each.
 */
const [LEAST_SLOTS, SLOTS_PER_THREAD] = [262_144, 8192];

/** All threads together. */
export interface ForceStats {
  readonly inFlight: number;
  readonly queued: number;
  /** Time in which sinks held back what comes before them, ms, added up over the threads. */
  readonly heldMs: number;
  /** At work, the first one among them. */
  readonly threads: number;
}

export interface WorkForce {
  stats(): ForceStats;
  busiestHosts(most: number): HostLoad[];
  /** Work on the channel's units until there are none left, or somebody says stop. Once. */
  work(channel: WorkedChannel, signals: WorkSignals, around?: WorkAround): Promise<void>;
  /** End everything: stages, threads, controllers. */
  close(): Promise<void>;
}

export interface WorkSignals {
  readonly drain: AbortSignal;
  readonly stop: AbortSignal;
}

export interface WorkAround {
  /** How many units there are that nobody works on; without it there may be any number. */
  readonly unitsWaiting?: (() => number) | undefined;
  /** Told of threads that were lost, a line each. */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

/** Build the working half; threads are started later. Errors: FDC_ERR_CONFIG_INVALID. */
export function openWorkForce(
  config: ResolvedConfig,
  around: WorkSurroundings,
  output: string,
  pace?: Partial<CrewPace>,
): WorkForce {
  const memory = Math.floor(config.fetch.bodyMemoryBytes / LEAST_BODY_BYTES);
  const files = Math.floor((openFileLimit() ?? Number.POSITIVE_INFINITY) / LEAST_FILES);
  const most = Math.min(MAX_THREADS, memory, files, threadsWithin(addressSpaceLimit()));
  const isGiven = config.run.threads > 0;
  const wanted = isGiven ? config.run.threads : availableParallelism();
  // What a stream has of a unit is known to one thread, and nobody else could go on with it.
  const threads = around.destination instanceof StreamDestination ? 1 : Math.min(most, wanted);
  // Who says how many does not ask whether they are worth it.
  const ownPace = { ...(isGiven && { busyLooks: 0 }), ...pace };
  return threads <= 1
    ? new OneThread(config, around)
    : new ManyThreads(config, around, { output, threads, pace: ownPace });
}

class OneThread implements WorkForce {
  readonly #stages: WorkStages;

  constructor(config: ResolvedConfig, around: WorkSurroundings) {
    this.#stages = openWorkStages(config, around);
  }

  stats(): ForceStats {
    const [fetch, sink] = this.#stages;
    const { inFlight, queued } = fetch.stats();
    return { inFlight, queued, heldMs: sink.stats().writeWaitMs, threads: 1 };
  }

  busiestHosts(most: number): HostLoad[] {
    return this.#stages[0].busiestHosts(most);
  }

  work(channel: WorkedChannel, signals: WorkSignals): Promise<void> {
    return work(channel, this.#stages, signals);
  }

  async close(): Promise<void> {
    for (const stage of this.#stages) stage.destroy();
  }
}

interface ManyThreadsOptions {
  readonly output: string;
  /** With this one. */
  readonly threads: number;
  readonly pace: Partial<CrewPace> | undefined;
}

class ManyThreads implements WorkForce {
  readonly #stages: WorkStages;
  readonly #config: ResolvedConfig;
  readonly #around: WorkSurroundings;
  readonly #options: ManyThreadsOptions;
  readonly #table: GateTable;
  readonly #desk: LimitDesk;
  readonly #network = new OneNetwork();
  #crew: Crew | undefined;

  constructor(config: ResolvedConfig, around: WorkSurroundings, options: ManyThreadsOptions) {
    const { clock } = around;
    const { threads } = options;
    const { concurrentDownloads: maxInFlight, bodyMemoryBytes, spillBytes } = config.fetch;
    this.#around = around;
    this.#options = options;
    this.#table = new GateTable({
      slots: Math.max(LEAST_SLOTS, SLOTS_PER_THREAD * threads),
      threads,
      maxInFlight,
    });
    this.#desk = new LimitDesk({
      limits: around.hostLimits ?? ownControllers(config, around),
      table: this.#table,
      clock,
      shiftMs: sharedClockShiftMs(),
      onTransition: (host, transition) => publish('flow-dc:limit', () => ({ host, atMs: clock.nowMs(), transition })),
    });
    // A body in memory must fit into the least share that a thread may come to have.
    const share = Math.floor(bodyMemoryBytes / threads);
    const fetch = stageSettings('fetch', { ...config.fetch, spillBytes: Math.min(spillBytes, share) });
    this.#config = { ...config, fetch };
    this.#stages = openWorkStages(this.#config, {
      ...around,
      hostLimits: this.#desk.here,
      openFiles: this.#openFiles,
      onNetwork: (isHeld) => this.#network.note(0, isHeld),
    });
  }

  stats(): ForceStats {
    const [fetch, sink] = this.#stages;
    const reports = this.#reports;
    const queued = reports.reduce((sum, report) => sum + report.queued, fetch.stats().queued);
    const heldMs = reports.reduce((sum, report) => sum + report.heldMs, sink.stats().writeWaitMs);
    return { inFlight: this.#table.inFlightAll, queued, heldMs, threads: 1 + reports.length };
  }

  busiestHosts(most: number): HostLoad[] {
    const byHost = new Map<string, HostLoad>();
    for (const load of [...this.#stages[0].busiestHosts(most), ...this.#reports.flatMap(({ hosts }) => hosts)]) {
      const known = byHost.get(load.host);
      byHost.set(load.host, known === undefined ? load : added(known, load));
    }
    // Threads have said what they do a moment ago, each at another time; the desk knows how it is, and whom all have
    // left since.
    return [...byHost.values()]
      .flatMap((load) => {
        const now = this.#desk.look(load.host);
        return now === undefined ? [] : [{ ...load, ...now }];
      })
      .sort((a, b) => b.inFlight - a.inFlight || b.waiting - a.waiting)
      .slice(0, most);
  }

  async work(channel: WorkedChannel, { drain, stop }: WorkSignals, around: WorkAround = {}): Promise<void> {
    const { unitsWaiting = () => Number.POSITIVE_INFINITY, onNotice = () => {} } = around;
    const { threads, pace } = this.#options;
    const exchange = new UnitExchange(channel, drain);
    const own = exchange.join();
    const [fetch] = this.#stages;
    const crew = new Crew({
      most: threads - 1,
      here: {
        get isStarved() {
          return own.isStarved;
        },
        get spareUnits() {
          return fetch.spareUnits;
        },
        passOn: (units) => fetch.passOn(units),
      },
      start: (number, events) => this.#start(number, exchange, events),
      onCount: (others) => this.#divide(others),
      onNotice,
      unitsWaiting: () => unitsWaiting() + exchange.waiting,
      clock: this.#around.clock,
      drain,
      stop,
      pace,
    });
    this.#crew = crew;
    const here = work(own, this.#stages, { drain, stop }).then(() => crew.finish());
    await Promise.all([here, crew.failure]);
  }

  async close(): Promise<void> {
    await this.#crew?.close();
    for (const stage of this.#stages) stage.destroy();
    this.#desk.close();
  }

  get #reports() {
    return this.#crew?.threads.map(({ report }) => report) ?? [];
  }

  /** Of each thread. */
  get #openFiles(): number | undefined {
    const files = openFileLimit();
    return files === undefined ? undefined : Math.floor(files / this.#options.threads);
  }

  #start(thread: number, exchange: UnitExchange, events: CrewThreadEvents): CrewThread {
    const { destination, worker = 'local', kept } = this.#around;
    const { size, buffer } = this.#table;
    const { fetch } = this.#config;
    // The least there is, until it is told its share.
    const bodyMemoryBytes = Math.floor(fetch.bodyMemoryBytes / this.#options.threads);
    const data = {
      config: { ...this.#config, fetch: { ...fetch, bodyMemoryBytes } },
      output: this.#options.output,
      spillFolder: destination.spillFolder,
      ownFolder: destination instanceof WorkerUploads ? destination.paths.output : undefined,
      kept,
      openFiles: this.#openFiles,
      worker,
      thread,
      pulse: new RowPulse().buffer,
      gates: { size, buffer },
    };
    const poison = new PoisonNotes(destination.poisonFolder);
    const channel = exchange.join();
    try {
      return new CrewThread({ data, channel, desk: this.#desk, network: this.#network, poison }, events);
    } catch (error) {
      channel.leave();
      throw error;
    }
  }

  /** One budget for the bodies of the process, and one number of downloads, in equal parts. */
  #divide(others: readonly CrewThread[]): void {
    const threads = 1 + others.length;
    const bodyMemoryBytes = Math.floor(this.#config.fetch.bodyMemoryBytes / threads);
    this.#table.setThreadsAtWork(threads);
    this.#stages[0].setBodyMemory(bodyMemoryBytes);
    for (const thread of others) thread.order({ kind: 'body-memory', bodyMemoryBytes });
  }
}

function ownControllers({ fetch, paarc }: ResolvedConfig, { clock, profiles }: WorkSurroundings): HostLimits {
  return createLimits(fetch, paarc, { clock, random: Math.random, profiles });
}

function added(a: HostLoad, b: HostLoad): HostLoad {
  return { ...a, inFlight: a.inFlight + b.inFlight, waiting: a.waiting + b.waiting };
}
