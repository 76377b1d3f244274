/** A run as a scraper reads it, through prom-client: OpenMetrics where it asks for that, else Prometheus' own text. */
import type { RegistryContentType } from 'prom-client';
import type { HostLine, Watched } from '../watch/served-state.ts';
import { METRICS, type Measured, OTHER_HOSTS } from './metric-table.ts';

/** Hosts with series of their own: others are added up, however many a run meets. */
const MOST_HOSTS = 20;

export interface Exposition {
  readonly type: string;
  readonly text: string;
}

/** @returns what is asked at every scrape, with the scraper's Accept header */
export function metricsOf(watched: Watched): (accept: string | undefined) => Promise<Exposition> {
  const formats = new Map<boolean, Promise<() => Promise<Exposition>>>();
  return async (accept = '') => {
    const isOpen = accept.includes('application/openmetrics-text');
    const format = formats.get(isOpen) ?? formatOf(watched, isOpen);
    formats.set(isOpen, format);
    return (await format)();
  };
}

async function formatOf(watched: Watched, isOpen: boolean): Promise<() => Promise<Exposition>> {
  const { Counter, Gauge, Registry } = (await import('prom-client')).default;
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(isOpen ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE);
  const setters = Object.entries(METRICS).map(([name, { type, help, labels = [], read }]) => {
    const options = { name, help, labelNames: [...labels], registers: [registry as never] };
    const metric = type === 'counter' ? new Counter(options) : new Gauge(options);
    return (measured: Measured): void => {
      metric.reset();
      // Without labels a reset has made it 0, which is more than is known.
      const samples = read(measured);
      if (samples.length === 0) metric.remove({});
      for (const [labelled, value] of samples) metric.inc(labelled, value);
    };
  });
  const others = new Others();
  return async () => {
    const measured = { state: watched.state(), hosts: hostsOf(watched, others) };
    for (const set of setters) set(measured);
    return { type: registry.contentType, text: await registry.metrics() };
  };
}

/** Which hosts have series of their own changes; what all others have must not fall by that, as counters do not. */
class Others {
  rows = 0;
  bytes = 0;

  atLeast(rows: number, bytes: number): this {
    this.rows = Math.max(this.rows, rows);
    this.bytes = Math.max(this.bytes, bytes);
    return this;
  }
}

/** The busiest, and what all others together have. */
function hostsOf(watched: Watched, others: Others): Measured['hosts'] {
  const page = { isRising: false, search: '', offset: 0 } as const;
  const { lines } = watched.hosts({ ...page, sort: 'inFlight', limit: MOST_HOSTS });
  const { rows, bytes, inFlight, queued } = watched.state();
  const besides = (all: number, pick: (line: HostLine) => number): number =>
    Math.max(0, all - lines.reduce((total, line) => total + pick(line), 0));
  const settled = besides(
    rows.fetched + rows.failed + rows.skipped,
    (line) => line.fetched + line.failed + line.skipped,
  );
  const kept = others.atLeast(
    settled,
    besides(bytes, (line) => line.bytes),
  );
  const other: Measured['hosts'][number] = {
    ...{ host: OTHER_HOSTS, fetched: kept.rows, failed: 0, skipped: 0, bytes: kept.bytes },
    inFlight: besides(inFlight, (line) => line.inFlight),
    waiting: besides(queued, (line) => line.waiting),
  };
  return [...lines, other];
}
