import { once } from 'node:events';
import { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { Behaviour } from '../../../src/demo-hosts/behaviour.ts';
import { type DemoHosts, type DemoHostsOptions, startDemoHosts } from '../../../src/demo-hosts/start-demo-hosts.ts';
import type { RowResult } from '../../../src/record.ts';
import { type FetchRowsOptions, fetchRows } from '../../../src/stages/fetch/fetch-rows.ts';

export type Row = { readonly url: string };
export type Result = RowResult<Row>;
export type Hosts = Readonly<Record<string, readonly Behaviour[]>>;
export type Stage = ReturnType<typeof fetchRows<Row>>;

/** An origin whose hosts behave as told; others are fast and good. Closed with the test. */
export async function serving(hosts: Hosts, options: DemoHostsOptions = {}): Promise<DemoHosts> {
  const rules = Object.entries(hosts).map(([host, behaviours]) => ({ host, behaviours }));
  const origin = await startDemoHosts({ meanBytes: 3000, sigma: 0.3, rules, ...options });
  onTestFinished(() => origin.close());
  return origin;
}

/** A stage that finds every host at the origin, with short limits of time. Destroyed with the test. */
export function stageFor(origin: DemoHosts, options: Partial<FetchRowsOptions<Row>> = {}): Stage {
  const stage = fetchRows<Row>({
    url: (row) => row.url,
    connectTo: [origin.connectTo],
    enablePaarc: false,
    perHostConcurrency: 4,
    timeoutMs: 5000,
    retryBackoffMs: 20,
    ...options,
  });
  onTestFinished(async () => {
    if (stage.closed) return;
    stage.destroy();
    await once(stage, 'close');
  });
  return stage;
}

/** Rows in, results out, in order of completion. */
export async function drain(stage: Stage, urls: readonly string[]): Promise<Result[]> {
  Readable.from(urls.map((url) => ({ url }))).pipe(stage);
  const results: Result[] = [];
  for await (const result of stage) results.push(result as Result);
  return results;
}

/** Fetch `urls` from hosts that behave as told. */
export async function fetchFrom(
  hosts: Hosts,
  urls: readonly string[],
  options: Partial<FetchRowsOptions<Row>> = {},
): Promise<{ results: Result[]; origin: DemoHosts; stage: Stage }> {
  const origin = await serving(hosts);
  const stage = stageFor(origin, options);
  return { results: await drain(stage, urls), origin, stage };
}

export function urlsOf(host: string, count: number, scheme = 'http'): string[] {
  return Array.from({ length: count }, (_, at) => `${scheme}://${host}/${at}.jpg`);
}

/** `status code attempts` with how often each occurs. */
export function summary(results: readonly Result[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, code, attempts } of results) {
    const key = [status, code, attempts].filter((part) => part !== undefined).join(' ');
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** Resolves as soon as `isTrue`; rejects after `limitMs`. */
export async function until(isTrue: () => boolean, limitMs = 5000): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!isTrue()) {
    if (performance.now() > endMs) throw new Error(`not so after ${limitMs} ms: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
