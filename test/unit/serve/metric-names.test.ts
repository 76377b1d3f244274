import { readFile } from 'node:fs/promises';
import { metrics } from '@opentelemetry/api';
import { expect, it, onTestFinished } from 'vitest';
import { METRICS } from '../../../src/serve/metrics/metric-table.ts';
import { publish } from '../../../src/telemetry/channels.ts';
import { INSTRUMENTS, observeOpenTelemetry } from '../../../src/telemetry/open-telemetry.ts';

const fileOf = (path: string): Promise<string> => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');

it('docs/metrics.md has every metric and instrument, and no other', async () => {
  const page = await fileOf('docs/metrics.md');
  const rows = [
    ...Object.entries(METRICS).map(
      ([name, { type, labels = [], help }]) => `| \`${name}\` | ${type} | ${labels.join(', ')} | ${help} |`,
    ),
    ...Object.entries(INSTRUMENTS).map(([name, { unit, description }]) => `| \`${name}\` | ${unit} | ${description} |`),
  ];
  expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows);
});

it('the dashboard asks for metrics that there are', async () => {
  const names = (await fileOf('examples/grafana-dashboard.json')).match(/flow_dc_\w+/g) ?? [];
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter((name) => !Object.hasOwn(METRICS, name))).toEqual([]);
});

it('what the stages do reaches the OpenTelemetry SDK of the process, without hosts', async () => {
  const told: unknown[] = [];
  const instrument = (name: string) => ({
    add: (value: number, attributes?: object) => told.push([name, value, attributes]),
    record: (value: number, attributes?: object) => told.push([name, value, attributes]),
  });
  metrics.setGlobalMeterProvider({
    getMeter: () => ({ createCounter: instrument, createHistogram: instrument }) as never,
  });
  onTestFinished(() => metrics.disable());
  const end = await observeOpenTelemetry();
  publish('flow-dc:row', () => ({ host: 'a.test', status: 'failed', code: 'http_404', bytes: 0 }));
  publish('flow-dc:attempt', () => ({ host: 'a.test', headersMs: 10, serviceMs: 250, bytes: 9 }));
  end();
  publish('flow-dc:row', () => ({ host: 'a.test', status: 'fetched', bytes: 5 }));
  expect(told).toEqual([
    ['flow_dc.rows', 1, { status: 'failed', code: 'http_404' }],
    ['flow_dc.body.size', 0, undefined],
    ['flow_dc.request.duration', 0.25, { code: 'ok' }],
  ]);
});
