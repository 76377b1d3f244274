/** Watches a job on a server from outside: its records, and what its workers say of themselves. */
import type { Clock } from '../../clock.ts';
import { ClusterGauge } from '../../cluster/job-report.ts';
import { BottleneckWatch } from '../../job/bottleneck.ts';
import type { UnitRecord } from '../../record.ts';
import type { ClusterChannel, WorkerStatus } from '../../transport/cluster.ts';
import type { LiveBook } from './live-book.ts';
import type { ServedWorker, Units } from './served-state.ts';
import { toldHosts } from './told-host.ts';

const LOOK_MS = 1000;
/** Of looks at the queue, which cost the server more. */
const STATUS_EVERY = 3;
const NOTHING = { fetched: 0, failed: 0, skipped: 0, bytes: 0 };

/** @param clock - whose timers keep no process alive */
export class JobWatch {
  readonly #book: LiveBook;
  readonly #channel: ClusterChannel;
  readonly #clock: Clock;
  readonly #gauge: ClusterGauge;
  readonly #held = new BottleneckWatch();
  #board: readonly WorkerStatus[] = [];
  /** When workers said what was added up last. */
  #heard = new Map<string, number>();
  #units: Units | undefined;
  #looks = 0;
  #cancel: (() => void) | undefined;

  constructor(book: LiveBook, channel: ClusterChannel, clock: Clock) {
    this.#book = book;
    this.#channel = channel;
    this.#clock = clock;
    this.#gauge = new ClusterGauge(channel, clock, NOTHING, (board) => {
      this.#board = board;
    });
    book.joined(channel.id);
    this.#again();
  }

  /** A unit was decided. */
  record(record: UnitRecord): void {
    this.#gauge.note(record);
    this.#book.settled.record(record);
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#gauge.end();
  }

  #again(): void {
    this.#cancel = this.#clock.timer(LOOK_MS, () => {
      void this.#look().finally(() => {
        if (this.#cancel !== undefined) this.#again();
      });
    });
  }

  async #look(): Promise<void> {
    const isDue = this.#looks % STATUS_EVERY === 0;
    this.#looks += 1;
    // A server that is away tells nothing; what it said last is shown on.
    if (isDue) this.#units = await this.#channel.status().then(unitsOf, () => this.#units);
    const moment = this.#gauge.read();
    const { present } = this.#gauge;
    const wallMs = this.#clock.wallMs();
    this.#noteLatencies();
    this.#book.held(this.#held.note(this.#book.elapsedMs, moment));
    this.#book.look({
      ...{ inFlight: moment.in_flight, queued: moment.queued, threads: present.length, heldMs: 0, bodyShare: 0 },
      ...{ hosts: toldHosts(moment.hosts, this.#book.hosts), units: this.#units },
      // Of one of them the table of workers tells.
      heldBy: present.length > 0 && present.every(({ heldBy }) => heldBy === 'disk') ? 'disk' : undefined,
      rowsPerSecond: present.reduce((sum, worker) => sum + worker.rowsPerSecond, 0),
      workers: [
        ...present.map((worker) => this.#served(worker, false, wallMs)),
        ...this.#silent(present, wallMs).map((worker) => this.#served(worker, true, wallMs)),
      ],
    });
  }

  /** A word is read more often than it is said. */
  #noteLatencies(): void {
    const heard = new Map<string, number>();
    for (const { worker, atMs, latencies = [] } of this.#board) {
      heard.set(worker, atMs);
      if (this.#heard.get(worker) === atMs) continue;
      for (const { host, counted } of latencies) this.#book.hosts.latencies(host, counted);
    }
    this.#heard = heard;
  }

  /** Those that went without a word, until others have their units. */
  #silent(present: readonly WorkerStatus[], wallMs: number): WorkerStatus[] {
    const here = new Set(present.map(({ worker }) => worker));
    return this.#board.filter(
      ({ worker, state, units, atMs }) =>
        state !== 'gone' && !here.has(worker) && units.length > 0 && wallMs - atMs < this.#channel.leaseMs + LOOK_MS,
    );
  }

  #served(status: WorkerStatus, isSilent: boolean, wallMs: number): ServedWorker {
    const { name, units, rowsDone: rows, bytes, rowsPerSecond, inFlight, queued, atMs } = status;
    const silentMs = Math.max(0, wallMs - atMs);
    const told = { name, units: units.length, rows, bytes, silentMs };
    const state = status.heldBy === 'disk' ? 'waits for disk' : status.state;
    if (!isSilent) return { ...told, state, rowsPerSecond, inFlight, queued };
    const unitsBackMs = Math.max(0, this.#channel.leaseMs - silentMs);
    return { ...told, state: 'silent', rowsPerSecond: 0, inFlight: 0, queued: 0, unitsBackMs };
  }
}

function unitsOf(status: Awaited<ReturnType<ClusterChannel['status']>>): Units {
  const { total, committed, inFlight, published } = status;
  return { total, committed, open: inFlight, waiting: Math.max(0, published - committed - inFlight) };
}
