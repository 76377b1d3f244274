/** Every metric by name: what it is, and where it comes from. docs/metrics.md has the same table. */
import { statusOf } from '../../row-codes.ts';
import { OTHER_CODES } from '../watch/code-book.ts';
import type { HostCounts, HostLine, ServedState } from '../watch/served-state.ts';

/** Of one host; what is not known of it is absent. */
export interface HostFigures
  extends Pick<HostLine, 'host' | 'inFlight' | 'waiting'>,
    Partial<Pick<HostLine, 'limit' | 'p50Ms' | 'p95Ms'>> {
  readonly counted?: HostCounts | undefined;
}

/** What is measured at one moment. */
export interface Measured {
  readonly state: ServedState;
  /** The busiest ones, and all others as one. */
  readonly hosts: readonly HostFigures[];
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

export interface Metric {
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels?: readonly string[];
  /** None where it is not known. */
  read(measured: Measured): readonly Sample[];
}

const one = (value: number | undefined): readonly Sample[] => (value === undefined ? [] : [[{}, value]]);
const perHost = (pick: (host: HostFigures) => number | undefined) => ({
  labels: ['host'] as const,
  read: ({ hosts }: Measured): Sample[] =>
    hosts.flatMap((host) => {
      const value = pick(host);
      return value === undefined ? [] : [[{ host: host.host }, value] as const];
    }),
});
const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);

const PHASES = ['starting', 'working', 'paused', 'draining', 'ended'] as const;
const HELD_BY = ['nothing', 'pause', 'network', 'host', 'disk', 'cpu', 'memory', 'limit', 'source'] as const;

/** Counters count from the start of the process. */
export const METRICS: Readonly<Record<string, Metric>> = {
  flow_dc_info: {
    type: 'gauge',
    help: 'Always 1; version, kind of run and job are in the labels.',
    labels: ['version', 'kind', 'job'],
    read: ({ state: { version, kind, job = '' } }) => [[{ version, kind, job }, 1]],
  },
  flow_dc_phase: {
    type: 'gauge',
    help: '1 for the phase that the run is in, 0 for the others.',
    labels: ['phase'],
    read: ({ state }) => PHASES.map((phase) => [{ phase }, Number(phase === state.phase)]),
  },
  flow_dc_held_by: {
    type: 'gauge',
    help: '1 for what holds the run now, 0 for the others.',
    labels: ['by'],
    read: ({ state }) => HELD_BY.map((by) => [{ by }, Number(by === state.holding.by)]),
  },
  flow_dc_rows_total: {
    type: 'counter',
    help: 'Rows that have their outcome, by status (fetched, failed, skipped) and code; code is empty for fetched ones.',
    labels: ['status', 'code'],
    read: ({ state: { rows, codes } }) => rowsByCode(rows, codes),
  },
  flow_dc_bytes_total: { type: 'counter', help: 'Bytes of bodies.', read: ({ state }) => one(state.bytes) },
  flow_dc_rows_done: {
    type: 'gauge',
    help: 'Rows that are settled, with those of earlier runs.',
    read: ({ state }) => one(state.rows.done),
  },
  flow_dc_rows_expected: {
    type: 'gauge',
    help: 'Rows of the whole job, where that is known.',
    read: ({ state }) => one(state.rows.total),
  },
  flow_dc_eta_seconds: {
    type: 'gauge',
    help: 'Time until the end, where that can be told.',
    read: ({ state }) => one(seconds(state.etaMs)),
  },
  flow_dc_requests_in_flight: { type: 'gauge', help: 'Requests in flight.', read: ({ state }) => one(state.inFlight) },
  flow_dc_rows_queued: {
    type: 'gauge',
    help: 'Rows that wait for their hosts.',
    read: ({ state }) => one(state.queued),
  },
  flow_dc_output_held_seconds_total: {
    type: 'counter',
    help: 'Time in which nothing was sent because the output took no more.',
    read: ({ state }) => one(seconds(state.heldMs)),
  },
  flow_dc_limit_transitions_total: {
    type: 'counter',
    help: "Changes of hosts' limits.",
    read: ({ state }) => one(state.transitions),
  },
  flow_dc_hosts_seen: { type: 'gauge', help: 'Hosts that were met.', read: ({ state }) => one(state.hosts.seen) },
  flow_dc_hosts_busy: { type: 'gauge', help: 'Hosts with rows now.', read: ({ state }) => one(state.hosts.busy) },
  flow_dc_units: {
    type: 'gauge',
    help: 'Units of work by state; those that wait on a NATS server are its lag.',
    labels: ['state'],
    read: ({ state: { units } }) =>
      (['committed', 'open', 'waiting'] as const).flatMap((state) => {
        const value = units[state];
        return value === undefined ? [] : [[{ state }, value] as const];
      }),
  },
  flow_dc_workers: { type: 'gauge', help: 'Workers of the job.', read: ({ state }) => one(present(state)) },
  flow_dc_threads: { type: 'gauge', help: 'Threads that fetch and write.', read: ({ state }) => one(state.threads) },
  flow_dc_memory_bytes: {
    type: 'gauge',
    help: 'Resident memory of the process.',
    read: ({ state }) => one(state.own?.rssBytes),
  },
  flow_dc_cpu_cores: { type: 'gauge', help: 'Cores in use by the process.', read: ({ state }) => one(state.own?.cpu) },
  flow_dc_event_loop_utilization: {
    type: 'gauge',
    help: 'Share of the time in which the first thread was busy, 0 to 1.',
    read: ({ state }) => one(state.own?.eventLoop),
  },
  flow_dc_host_rows_total: {
    type: 'counter',
    help: 'Rows of a host that have their outcome; the busiest hosts, and all others together.',
    ...perHost(({ counted }) => counted?.rows),
  },
  flow_dc_host_bytes_total: { type: 'counter', help: 'Bytes of a host.', ...perHost(({ counted }) => counted?.bytes) },
  flow_dc_host_refused_total: {
    type: 'counter',
    help: 'Requests that a host answered with 429, 503 and the like.',
    ...perHost(({ counted }) => counted?.refused),
  },
  flow_dc_host_requests_in_flight: {
    type: 'gauge',
    help: 'Requests in flight to a host.',
    ...perHost(({ inFlight }) => inFlight),
  },
  flow_dc_host_rows_waiting: {
    type: 'gauge',
    help: 'Rows that wait for a host.',
    ...perHost(({ waiting }) => waiting),
  },
  flow_dc_host_limit: { type: 'gauge', help: 'Requests at once that a host gets.', ...perHost(({ limit }) => limit) },
  flow_dc_host_headers_seconds_p50: {
    type: 'gauge',
    help: 'Median time to the headers of a host.',
    ...perHost(({ p50Ms }) => seconds(p50Ms)),
  },
  flow_dc_host_headers_seconds_p95: {
    type: 'gauge',
    help: '95th percentile of the time to the headers of a host.',
    ...perHost(({ p95Ms }) => seconds(p95Ms)),
  },
};

/** But for those that went without a word. */
function present({ workers }: ServedState): number {
  return workers.filter(({ state }) => state !== 'silent' && state !== 'gone').length;
}

function rowsByCode(rows: ServedState['rows'], codes: ServedState['codes']): Sample[] {
  const rest = { failed: rows.failed, skipped: rows.skipped };
  const samples: Sample[] = [[{ status: 'fetched', code: '' }, rows.fetched]];
  for (const { code, rows } of codes) {
    if (code === OTHER_CODES) continue;
    const status = statusOf(code);
    rest[status] -= rows;
    samples.push([{ status, code }, rows]);
  }
  for (const status of ['failed', 'skipped'] as const)
    if (rest[status] > 0) samples.push([{ status, code: OTHER_CODES }, rest[status]]);
  return samples;
}
