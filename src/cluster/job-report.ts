/** How a job stands, as any machine can find out. */
import type { Clock } from '../clock.ts';
import { totalOf } from '../job/job-summary.ts';
import type { ClusterChannel, WorkerStatus } from '../transport/cluster.ts';
import type { JobState } from '../transport/transport.ts';

export interface JobReport {
  readonly job: string;
  readonly state: JobState;
  readonly out: string;
  readonly units: {
    readonly total?: number | undefined;
    readonly committed: number;
    readonly inFlight: number;
    readonly waiting: number;
  };
  readonly rows: {
    readonly settled: number;
    readonly stored: number;
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

/** Errors: FDC_ERR_TRANSPORT_*. */
export async function reportOf(channel: ClusterChannel, clock: Clock): Promise<JobReport> {
  const [status, totals, board] = await Promise.all([channel.status(), totalOf(channel.records()), channel.workers()]);
  const workers = presentWorkers(board, clock).sort((a, b) => (a.name < b.name ? -1 : 1));
  const { total, committed, inFlight, published, state } = status;
  return {
    job: channel.id,
    state,
    out: channel.description.out,
    units: {
      ...(total === undefined ? {} : { total }),
      committed,
      inFlight,
      waiting: Math.max(0, published - committed - inFlight),
    },
    rows: { settled: totals.rows, stored: totals.stored, failed: totals.failed, skipped: totals.skipped },
    bytes: totals.bytes,
    rowsPerSecond: workers.reduce((sum, worker) => sum + worker.rowsPerSecond, 0),
    workers,
    hosts: hostsOf(workers),
  };
}

export function presentWorkers(board: readonly WorkerStatus[], clock: Clock): WorkerStatus[] {
  const nowMs = clock.wallMs();
  return board.filter(({ state, atMs }) => state !== 'gone' && nowMs - atMs < PRESENT_MS);
}

function hostsOf(workers: readonly WorkerStatus[]): JobReport['hosts'] {
  const hosts = new Map<string, { inFlight: number; limit: number; workers: number }>();
  for (const { host, inFlight, limit } of workers.flatMap((worker) => worker.hosts)) {
    const sum = hosts.get(host) ?? { inFlight: 0, limit: 0, workers: 0 };
    hosts.set(host, { inFlight: sum.inFlight + inFlight, limit: sum.limit + limit, workers: sum.workers + 1 });
  }
  return [...hosts].map(([host, sum]) => ({ host, ...sum })).sort((a, b) => b.inFlight - a.inFlight);
}
