import type { Limit, Outcome } from '../../../../../src/paarc/limit.ts';
import type { Permit } from '../../../../../src/stages/fetch/schedule/gate.ts';
import type { Lane } from '../../../../../src/stages/fetch/schedule/lane.ts';
import { LoadMeter } from '../../../../../src/stages/fetch/schedule/load-meter.ts';
import { Scheduler, type SchedulerOptions } from '../../../../../src/stages/fetch/schedule/scheduler.ts';
import { VirtualClock } from '../../../../support/virtual-clock.ts';

export interface Row {
  readonly host: string;
  readonly id: number;
  dropped?: boolean;
}

export interface Started {
  readonly row: Row;
  readonly atMs: number;
  readonly end: (outcome?: Outcome) => void;
}

const NEUTRAL: Outcome = { kind: 'neutral' };

/** A scheduler on a virtual clock, with a record of everything it did. `serviceMs` ends requests by themselves. */
export class SchedulerBench {
  readonly clock = new VirtualClock();
  readonly started: Started[] = [];
  readonly refused: Row[] = [];
  readonly limits = new Map<string, Limit>();
  readonly load = new LoadMeter(this.clock);
  readonly scheduler: Scheduler<Row>;
  /** Hosts that were forgotten, in that order. */
  readonly evicted: string[] = [];
  transitions = 0;
  hungry = 0;
  /** Connections to spare, by host; undefined where connections cost nothing. */
  readonly #free: Map<string, number> | undefined;
  #ids = 0;

  constructor(
    createLimit: (host: string) => Limit,
    options: {
      maxInFlight?: number;
      serviceMs?: (row: Row) => number;
      breaker?: SchedulerOptions<Row>['breaker'];
      /** Every request needs a connection, and leaves one to spare. */
      needsConnections?: boolean;
    } = {},
  ) {
    const free = options.needsConnections === true ? new Map<string, number>() : undefined;
    this.#free = free;
    this.scheduler = new Scheduler<Row>({
      clock: this.clock,
      load: this.load,
      maxInFlight: options.maxInFlight ?? 1000,
      breaker: options.breaker ?? { failures: 10, spanMs: 1000, probeMs: 60_000 },
      createLimit: (host) => {
        const limit = createLimit(host);
        this.limits.set(host, limit);
        return limit;
      },
      start: (row, lane, permit) => this.#start(row, lane, permit, options.serviceMs),
      refuse: (row) => this.refused.push(row),
      isDropped: (row) => row.dropped === true,
      isConnected: free === undefined ? undefined : ({ host }) => (free.get(host) ?? 0) > 0,
      onTransition: () => {
        this.transitions += 1;
      },
      onIdle: () => {},
      onEvict: (lane) => this.evicted.push(lane.host),
      onHungry: () => {
        this.hungry += 1;
      },
    });
  }

  add(host: string, count = 1): Row[] {
    const rows = Array.from({ length: count }, () => {
      this.#ids += 1;
      return { host, id: this.#ids };
    });
    for (const row of rows) this.scheduler.add(host, row);
    return rows;
  }

  /** Ids in the order in which they started, of one host or of all. */
  ids(host?: string): number[] {
    return this.started.filter(({ row }) => host === undefined || row.host === host).map(({ row }) => row.id);
  }

  hosts(): string[] {
    return this.started.map(({ row }) => row.host);
  }

  #start(row: Row, lane: Lane<Row>, permit: Permit, serviceMs: ((row: Row) => number) | undefined): void {
    let isEnded = false;
    const free = this.#free?.get(row.host) ?? 0;
    this.#free?.set(row.host, Math.max(0, free - 1));
    const end = (outcome: Outcome = NEUTRAL): void => {
      if (isEnded) throw new Error('a test ended a request twice');
      isEnded = true;
      this.#free?.set(row.host, (this.#free.get(row.host) ?? 0) + 1);
      this.scheduler.settle(lane, permit, outcome);
      this.scheduler.pump();
    };
    this.started.push({ row, atMs: this.clock.nowMs(), end });
    if (serviceMs !== undefined) this.clock.timer(serviceMs(row), () => end());
  }
}
