/** How a job stands, as any machine can find out: all at once, or moment by moment for its timeline. */
import type { Clock } from '../clock.ts';
import { type RecordTotals, totalOf } from '../dataset/totals.ts';
import type { TimelineHost, TimelineMoment } from '../job/moment.ts';
import type { UnitRecord } from '../record.ts';
import type { ClusterChannel, WorkerStatus } from '../transport/cluster.ts';
import type { JobState } from '../transport/transport.ts';

export interface JobReport {
  readonly job: string;
  readonly state: JobState;
  /** Somebody said so on a live page. */
  readonly paused?: boolean | undefined;
  readonly out: string;
  readonly units: {
    readonly total?: number | undefined;
    readonly committed: number;
    readonly inFlight: number;
    readonly waiting: number;
  };
  readonly rows: {
    readonly settled: number;
    readonly fetched: number;
    readonly failed: number;
    readonly skipped: number;
  };
  readonly bytes: number;
  /** Of all workers that are there, over the last few seconds. */
  readonly rowsPerSecond: number;
  /** Those that spoke within the last seconds, by name. */
  readonly workers: readonly WorkerStatus[];
  /** Hosts with requests in flight, over all workers, busiest first; `limit` is what the workers may have together. */
  readonly hosts: readonly {
    readonly host: string;
    readonly inFlight: number;
    readonly limit: number;
    readonly workers: number;
  }[];
}

/** A worker that was not heard for longer is not there. They speak once a second. */
const PRESENT_MS = 5_000;
/** How often the workers are asked for a timeline. */
const LOOK_MS = 1_000;
const MAX_HOSTS = 20;

/** Errors: FDC_ERR_TRANSPORT_*. */
export async function jobReport(channel: ClusterChannel, clock: Clock): Promise<JobReport> {
  const [status, totals, board] = await Promise.all([channel.status(), totalOf(channel.records()), channel.workers()]);
  const workers = presentWorkers(board, clock).sort((a, b) => (a.name < b.name ? -1 : 1));
  const { total, committed, inFlight, published, state } = status;
  return {
    job: channel.id,
    state,
    ...(channel.orders.isPaused && (state === 'publishing' || state === 'running') && { paused: true }),
    out: channel.description.out,
    units: {
      total,
      committed,
      inFlight,
      waiting: Math.max(0, published - committed - inFlight),
    },
    rows: { settled: totals.rows, fetched: totals.fetched, failed: totals.failed, skipped: totals.skipped },
    bytes: totals.bytes,
    rowsPerSecond: workers.reduce((sum, worker) => sum + worker.rowsPerSecond, 0),
    workers,
    hosts: hostsOf(workers),
  };
}

/** Those that said something within the last `withinMs`, and did not say goodbye. */
export function presentWorkers(
  board: readonly WorkerStatus[],
  clock: Clock,
  withinMs: number = PRESENT_MS,
): WorkerStatus[] {
  const nowMs = clock.wallMs();
  return board.filter(({ state, atMs }) => state !== 'gone' && nowMs - atMs < withinMs);
}

function hostsOf(workers: readonly WorkerStatus[]): JobReport['hosts'] {
  const hosts = new Map<string, { inFlight: number; limit: number; workers: number }>();
  for (const { host, inFlight, limit } of workers.flatMap((worker) => worker.hosts)) {
    const sum = hosts.get(host) ?? { inFlight: 0, limit: 0, workers: 0 };
    hosts.set(host, { inFlight: sum.inFlight + inFlight, limit: sum.limit + limit, workers: sum.workers + 1 });
  }
  return [...hosts].map(([host, sum]) => ({ host, ...sum })).sort((a, b) => b.inFlight - a.inFlight);
}

type Counts = Pick<RecordTotals, 'fetched' | 'failed' | 'skipped' | 'bytes'>;

/**
 * What all workers of a job are doing at this moment, as they say themselves. Rows count when their unit is decided;
 * requests are those of a second ago.
 */
export class ClusterGauge {
  readonly #channel: Pick<ClusterChannel, 'workers'>;
  readonly #clock: Clock;
  readonly #counts: { -readonly [name in keyof Counts]: number };
  readonly #onWorkers: (board: readonly WorkerStatus[]) => void;
  #workers: readonly WorkerStatus[] = [];
  #cancel: (() => void) | undefined;

  /**
   * @param before - of records that were there before; they will be noted again
   * @param onWorkers - told of the last words of all, each time they were read
   */
  constructor(
    channel: Pick<ClusterChannel, 'workers'>,
    clock: Clock,
    { fetched, failed, skipped, bytes }: Counts,
    onWorkers: (board: readonly WorkerStatus[]) => void = () => {},
  ) {
    this.#channel = channel;
    this.#onWorkers = onWorkers;
    this.#clock = clock;
    this.#counts = { fetched: -fetched, failed: -failed, skipped: -skipped, bytes: -bytes };
    this.#again(0);
  }

  note({ stored, failed, skipped, bytes }: UnitRecord): void {
    this.#counts.fetched += stored;
    this.#counts.failed += failed;
    this.#counts.skipped += skipped;
    this.#counts.bytes += bytes;
  }

  /** Workers that are there, by name. */
  get present(): readonly WorkerStatus[] {
    return presentWorkers(this.#workers, this.#clock).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  read(): TimelineMoment {
    const { present } = this;
    const sum = (of: (worker: WorkerStatus) => number): number =>
      present.reduce((total, worker) => total + of(worker), 0);
    const { fetched, failed, skipped, bytes } = this.#counts;
    return {
      ...{
        stored: Math.max(0, fetched),
        failed: Math.max(0, failed),
        skipped: Math.max(0, skipped),
        bytes: Math.max(0, bytes),
      },
      ...{ in_flight: sum(({ inFlight }) => inFlight), queued: sum(({ queued }) => queued) },
      hosts: timelineHostsOf(present),
    };
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #again(delayMs: number): void {
    this.#cancel = this.#clock.timer(delayMs, () => {
      this.#channel.workers().then(
        (workers) => {
          this.#look(workers);
          if (this.#cancel !== undefined) this.#onWorkers(workers);
        },
        // A server that is away tells nothing of its workers; that is said elsewhere.
        () => this.#look([]),
      );
    });
  }

  #look(workers: readonly WorkerStatus[]): void {
    this.#workers = workers;
    if (this.#cancel !== undefined) this.#again(LOOK_MS);
  }
}

/** A host's leader alone knows what its limit is doing. */
function timelineHostsOf(workers: readonly WorkerStatus[]): TimelineHost[] {
  const hosts = new Map<string, TimelineHost>();
  for (const { host, inFlight, limit, waiting, perSecond, state } of workers.flatMap((worker) => worker.hosts)) {
    const sum = hosts.get(host) ?? { host, in_flight: 0, limit: 0, waiting: 0, rate: 0, state: 'new' };
    hosts.set(host, {
      host,
      in_flight: sum.in_flight + inFlight,
      limit: sum.limit + limit,
      waiting: sum.waiting + waiting,
      rate: Math.round(100 * (sum.rate + perSecond)) / 100,
      state: state === 'new' ? sum.state : state,
    });
  }
  return [...hosts.values()].sort((a, b) => b.in_flight - a.in_flight || b.waiting - a.waiting).slice(0, MAX_HOSTS);
}
