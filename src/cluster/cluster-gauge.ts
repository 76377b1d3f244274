/** What all workers of a job are doing at this moment, as they say themselves. */
import type { Clock } from '../clock.ts';
import type { RecordTotals } from '../job/job-summary.ts';
import type { TimelineHost, TimelineMoment } from '../job/timeline.ts';
import type { UnitRecord } from '../record.ts';
import type { ClusterChannel, WorkerStatus } from '../transport/cluster.ts';
import { presentWorkers } from './job-report.ts';

const LOOK_MS = 1_000;
const MAX_HOSTS = 20;

type Counts = Pick<RecordTotals, 'stored' | 'failed' | 'skipped' | 'bytes'>;

/** Rows count when their unit is decided; requests are those of a second ago. */
export class ClusterGauge {
  readonly #channel: Pick<ClusterChannel, 'workers'>;
  readonly #clock: Clock;
  readonly #counts: { -readonly [name in keyof Counts]: number };
  #workers: readonly WorkerStatus[] = [];
  #cancel: (() => void) | undefined;

  /** @param before - of records that were there before; they will be noted again */
  constructor(channel: Pick<ClusterChannel, 'workers'>, clock: Clock, { stored, failed, skipped, bytes }: Counts) {
    this.#channel = channel;
    this.#clock = clock;
    this.#counts = { stored: -stored, failed: -failed, skipped: -skipped, bytes: -bytes };
    this.#again(0);
  }

  note({ stored, failed, skipped, bytes }: UnitRecord): void {
    this.#counts.stored += stored;
    this.#counts.failed += failed;
    this.#counts.skipped += skipped;
    this.#counts.bytes += bytes;
  }

  read(): TimelineMoment {
    const present = presentWorkers(this.#workers, this.#clock);
    const sum = (of: (worker: WorkerStatus) => number): number =>
      present.reduce((total, worker) => total + of(worker), 0);
    const { stored, failed, skipped, bytes } = this.#counts;
    return {
      ...{
        stored: Math.max(0, stored),
        failed: Math.max(0, failed),
        skipped: Math.max(0, skipped),
        bytes: Math.max(0, bytes),
      },
      ...{ in_flight: sum(({ inFlight }) => inFlight), queued: sum(({ queued }) => queued) },
      hosts: hostsOf(present),
    };
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #again(delayMs: number): void {
    this.#cancel = this.#clock.timer(delayMs, () => {
      this.#channel.workers().then(
        (workers) => this.#look(workers),
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
function hostsOf(workers: readonly WorkerStatus[]): TimelineHost[] {
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
