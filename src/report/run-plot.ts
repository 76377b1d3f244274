/** In-flight requests and limits over time. */
import { readTimeline, type TimelinePoint } from '../job/timeline.ts';

/** In-flight requests and limits of one output over time; every array has an entry per moment. */
export interface RunPlot {
  readonly out: string;
  /** Wall clock, ascending. */
  readonly atMs: readonly number[];
  /** Over all hosts. */
  readonly inFlight: readonly number[];
  readonly queued: readonly number[];
  /** The busiest hosts; null where the host was not among the busiest of its moment. */
  readonly hosts: readonly {
    readonly host: string;
    readonly inFlight: readonly (number | null)[];
    readonly limit: readonly (number | null)[];
    readonly rate: readonly (number | null)[];
    readonly state: readonly (string | null)[];
  }[];
}

const MAX_POINTS = 600;
const MAX_HOSTS = 8;

/** @returns undefined when the job has no timeline. Reads it twice and keeps some hundreds of its lines. */
export async function readRunPlot(out: string, path: string): Promise<RunPlot | undefined> {
  let count = 0;
  const weights = new Map<string, number>();
  for await (const { hosts } of readTimeline(path)) {
    count += 1;
    for (const { host, in_flight, waiting } of hosts) {
      weights.set(host, (weights.get(host) ?? 0) + in_flight + Math.min(1, waiting));
    }
  }
  if (count === 0) return undefined;
  const every = Math.ceil(count / MAX_POINTS);
  const points: TimelinePoint[] = [];
  let line = 0;
  for await (const point of readTimeline(path)) if (line++ % every === 0) points.push(point);
  const busiest = [...weights].sort(([, a], [, b]) => b - a).slice(0, MAX_HOSTS);
  return {
    out,
    atMs: points.map(({ at }) => at),
    inFlight: points.map(({ in_flight }) => in_flight),
    queued: points.map(({ queued }) => queued),
    hosts: busiest.map(([host]) => hostColumns(host, points)),
  };
}

function hostColumns(host: string, points: readonly TimelinePoint[]): RunPlot['hosts'][number] {
  const found = points.map(({ hosts }) => hosts.find((one) => one.host === host));
  return {
    host,
    inFlight: found.map((one) => one?.in_flight ?? null),
    limit: found.map((one) => one?.limit ?? null),
    rate: found.map((one) => one?.rate ?? null),
    state: found.map((one) => one?.state ?? null),
  };
}
