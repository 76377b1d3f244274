/** The working half in several threads: one set of limits, one budget of bodies and one number of downloads over all. */
import { openWorkStages, type WorkStages, work } from '../chain.ts';
import { sharedClockShiftMs } from '../clock.ts';
import { stageSettings } from '../config/stage-settings.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { WorkerUploads } from '../destination/tool/worker-uploads.ts';
import { GateTable } from '../host-budget/threads/gate-table.ts';
import { LimitDesk } from '../host-budget/threads/limit-desk.ts';
import type { HostOrder } from '../host-limits.ts';
import { PoisonNotes } from '../job/poison-notes.ts';
import { openFileLimit } from '../open-files.ts';
import type { HostLoad } from '../stages/fetch/result-stream.ts';
import type { TunableLimits } from '../stages/fetch/schedule/tunable-limits.ts';
import { RowPulse } from '../structures/row-pulse.ts';
import { publish, toldChannels } from '../telemetry/channels.ts';
import { Crew, type CrewPace } from './crew.ts';
import { CrewThread, type CrewThreadEvents } from './crew-thread.ts';
import {
  type ForceStats,
  type ForceSurroundings,
  type HeldBy,
  Holds,
  mostAtOnce,
  ownControllers,
  tunable,
  type WorkAround,
  type WorkForce,
  type WorkSignals,
} from './force.ts';
import { OneNetwork } from './one-network.ts';
import type { Order } from './thread-messages.ts';
import { UnitExchange, type WorkedChannel } from './unit-exchange.ts';

/**
 * Hosts that threads may have in use at a time; rows of more wait. Each thread keeps some thousand idle ones, so there
 * must be more for each.
 */
const [LEAST_SLOTS, SLOTS_PER_THREAD] = [262_144, 8192];

export interface ManyThreadsOptions {
  readonly output: string;
  /** With this one. */
  readonly threads: number;
  readonly pace: Partial<CrewPace> | undefined;
}

export class ManyThreads implements WorkForce {
  readonly #stages: WorkStages;
  readonly #config: ResolvedConfig;
  readonly #around: ForceSurroundings;
  readonly #options: ManyThreadsOptions;
  readonly #table: GateTable;
  readonly #desk: LimitDesk;
  readonly #network = new OneNetwork();
  readonly mostAtOnce: number;
  readonly #limits: TunableLimits | undefined;
  readonly #holds = new Holds((isPaused) => {
    this.#stages[0].keepStill(isPaused);
    this.#tellAll({ kind: 'pause', isPaused });
  });
  /** What was said of hosts, for threads that begin later. */
  readonly #orders = new Map<string, HostOrder>();
  #crew: Crew | undefined;
  #exchange: UnitExchange | undefined;

  constructor(config: ResolvedConfig, around: ForceSurroundings, options: ManyThreadsOptions) {
    const { clock } = around;
    this.mostAtOnce = mostAtOnce(config);
    this.#limits = tunable(config, around);
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
      limits: this.#limits ?? around.hostLimits ?? ownControllers(config, around),
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
    const held = reports.reduce((sum, report) => sum + report.bodyBytesHeld, fetch.stats().bodyBytesHeld);
    const bodyShare = held / this.#config.fetch.bodyMemoryBytes;
    return {
      inFlight: this.#table.inFlightAll,
      queued,
      heldMs,
      threads: 1 + reports.length,
      bodyShare,
      heldBy: this.#holds.by,
    };
  }

  hosts(): HostLoad[] {
    return this.#desk.hosts();
  }

  pause(isPaused: boolean, by: HeldBy = 'order'): void {
    this.#holds.say(isPaused, by);
  }

  setHost(order: HostOrder): void {
    if (order.skip === true) this.#orders.set(order.host, order);
    else this.#orders.delete(order.host);
    this.#limits?.setHost(order);
    this.#stages[0].setHost(order);
    this.#tellAll({ kind: 'host', order });
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
    this.#holds.endAt(drain);
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
    this.#exchange = exchange;
    const here = work(own, this.#stages, { drain, stop }).then(() => crew.finish());
    await Promise.all([here, crew.failure]);
  }

  get spareUnits(): number {
    return this.#crew?.spareUnits ?? 0;
  }

  release(units: number): void {
    this.#exchange?.release(units);
    this.#crew?.release(units);
  }

  async close(): Promise<void> {
    await this.#crew?.close();
    for (const stage of this.#stages) stage.destroy();
    this.#desk.close();
  }

  #tellAll(order: Order): void {
    for (const thread of this.#crew?.threads ?? []) thread.order(order);
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
      told: toldChannels(),
      pulse: new RowPulse().buffer,
      gates: { size, buffer },
    };
    const poison = new PoisonNotes(destination.poisonFolder);
    const channel = exchange.join();
    try {
      const crew = new CrewThread({ data, channel, desk: this.#desk, network: this.#network, poison }, events);
      for (const order of this.#orders.values()) crew.order({ kind: 'host', order });
      if (this.#holds.isHeld) crew.order({ kind: 'pause', isPaused: true });
      return crew;
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

function added(a: HostLoad, b: HostLoad): HostLoad {
  return { ...a, inFlight: a.inFlight + b.inFlight, waiting: a.waiting + b.waiting };
}
