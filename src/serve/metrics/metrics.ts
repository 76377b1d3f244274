/** A run as a scraper reads it, through prom-client: OpenMetrics where it asks for that, else Prometheus' own text. */
import type { RegistryContentType } from 'prom-client';
import type { Watched } from '../watch/served-state.ts';
import { HostSeries } from './host-series.ts';
import { METRICS, type Measured } from './metric-table.ts';

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
    let floors = new Map<string, number>();
    return (measured: Measured): void => {
      metric.reset();
      // Without labels a reset has made it 0, which is more than is known.
      const samples = read(measured);
      if (samples.length === 0) metric.remove({});
      const before = floors;
      floors = new Map();
      for (const [labelled, value] of samples) {
        const key = JSON.stringify(labelled);
        // Rows that are taken again have another outcome now: the first one is an outcome that was.
        const shown = type === 'counter' ? Math.max(before.get(key) ?? 0, value) : value;
        floors.set(key, shown);
        metric.inc(labelled, shown);
      }
    };
  });
  const series = new HostSeries();
  return async () => {
    const state = watched.state();
    const measured = { state, hosts: series.read((most, others) => watched.busiest(most, others), state) };
    for (const set of setters) set(measured);
    return { type: registry.contentType, text: await registry.metrics() };
  };
}
