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

/** @param clock - whose timers keep no process alive */
export class JobWatch {
  readonly #book: LiveBook;
  readonly #channel: ClusterChannel;
  readonly #clock: Clock;
  readonly #gauge: ClusterGauge;
  readonly #held = new BottleneckWatch();
  #units: Units | undefined;
  #looks = 0;
  #cancel: (() => void) | undefined;

  constructor(book: LiveBook, channel: ClusterChannel, clock: Clock) {
    this.#book = book;
    this.#channel = channel;
    this.#clock = clock;
    this.#gauge = new ClusterGauge(channel, clock, { fetched: 0, failed: 0, skipped: 0, bytes: 0 });
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
    this.#book.held(this.#held.note(this.#book.elapsedMs, moment));
    this.#book.look({
      ...{ inFlight: moment.in_flight, queued: moment.queued, threads: present.length, heldMs: 0, bodyShare: 0 },
      ...{ hosts: toldHosts(moment.hosts, this.#book.hosts), units: this.#units },
      rowsPerSecond: present.reduce((sum, worker) => sum + worker.rowsPerSecond, 0),
      workers: present.map((worker) => servedWorker(worker, this.#clock.wallMs())),
    });
  }
}

function unitsOf(status: Awaited<ReturnType<ClusterChannel['status']>>): Units {
  const { total, committed, inFlight, published } = status;
  return { total, committed, open: inFlight, waiting: Math.max(0, published - committed - inFlight) };
}

function servedWorker(worker: WorkerStatus, nowMs: number): ServedWorker {
  const { name, state, units, rowsDone: rows, bytes, rowsPerSecond, inFlight, queued, atMs } = worker;
  const silentMs = Math.max(0, nowMs - atMs);
  return { name, state, units: units.length, rows, bytes, rowsPerSecond, inFlight, queued, silentMs };
}
