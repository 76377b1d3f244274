import { execFile, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findPrometheus } from '../../../scripts/prometheus-binary.ts';
import { idleClock } from '../../../src/clock.ts';
import { watchedOf } from '../../../src/serve/live.ts';
import { openLiveServer } from '../../../src/serve/live-server.ts';
import { LiveBook } from '../../../src/serve/watch/live-book.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** A run with more hosts than have series of their own. */
async function served() {
  const book = new LiveBook({
    ...{ kind: 'download', output: 'ds', clock: idleClock, maxInFlight: 10, cores: 2 },
    controls: () => ({ refused: {}, isPaused: false, rules: [] }),
  });
  book.begin(1000, 100);
  const settle = (host: string, code?: 'http_404'): void => {
    book.settled.row(code === undefined ? 'fetched' : 'failed', 1, 100);
    book.hosts.row(host, code === undefined ? 'fetched' : 'failed', code, 100);
    if (code !== undefined) book.settled.codes.add(code, 1);
  };
  for (let at = 0; at < 60; at++) settle(`h${at % 30}.test`);
  for (let at = 0; at < 7; at++) settle('h"\\\n1.test', 'http_404');
  const now = { limit: 8, waiting: 3, isPaused: false };
  book.look({
    ...{ inFlight: 30, queued: 90, threads: 1, heldMs: 1500, bodyShare: 0 },
    hosts: Array.from({ length: 30 }, (_, at) => ({ host: `h${at}.test`, inFlight: 1, ...now })),
  });
  const server = await openLiveServer('0', watchedOf({ book, controls: {} }), idleClock);
  onTestFinished(() => server.close());
  return { url: server.url, settle };
}

const OPEN = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const PLAIN = 'text/plain; version=0.0.4; charset=utf-8';

async function scrape(url: string, type: string): Promise<string> {
  const reply = await fetch(`${url}metrics`, { headers: type === OPEN ? { accept: OPEN } : {} });
  expect(reply.headers.get('content-type')).toBe(type);
  return reply.text();
}

describe('the metrics of a run', () => {
  it('are bounded however many hosts there are, and no counter falls when others become busy', async () => {
    const { url } = await served();
    const text = await scrape(url, OPEN);
    expect(text).toContain('flow_dc_rows_total{status="fetched",code=""} 60');
    expect(text).toContain('flow_dc_rows_total{status="failed",code="http_404"} 7');
    expect(text).toContain('flow_dc_rows_done 167');
    expect(text.match(/^flow_dc_host_rows_total\{/gm)).toHaveLength(21);
    expect(text).toMatch(/^flow_dc_host_rows_total\{host="\(other hosts\)"\} \d+$/m);
    expect(text.endsWith('# EOF\n')).toBe(true);
    // Nothing is known of the end yet, and nothing is claimed.
    expect(text).not.toMatch(/^flow_dc_workers [1-9]/m);
  });

  const prometheus = findPrometheus('prometheus');
  const promtool = findPrometheus('promtool');

  it.skipIf(promtool === undefined)('pass promtool, names and all', async () => {
    const { url } = await served();
    const text = await scrape(url, PLAIN);
    const said = await new Promise<string>((resolve) => {
      const child = execFile(promtool as string, ['check', 'metrics'], (error, stdout, stderr) =>
        resolve(`${error?.code ?? 0} ${stdout}${stderr}`),
      );
      child.stdin?.end(text);
    });
    expect(said).toBe('0 ');
  });

  it.skipIf(prometheus === undefined)('are scraped by a real Prometheus', { timeout: 60_000 }, async () => {
    const { url } = await served();
    const folder = await tempFolder();
    const port = await freePort();
    const target = new URL(url).host;
    const config = {
      scrape_configs: [
        { job_name: 'f', scrape_interval: '500ms', scrape_timeout: '400ms', static_configs: [{ targets: [target] }] },
      ],
    };
    await writeFile(join(folder, 'p.yml'), JSON.stringify(config));
    const child = spawn(
      prometheus as string,
      [
        ...[`--config.file=${join(folder, 'p.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`],
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    const ask = async (query: string): Promise<unknown> => {
      const reply = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`).catch(
        () => undefined,
      );
      const { data } =
        ((await reply?.json().catch(() => ({}))) as { data?: { result: { value: [number, string] }[] } }) ?? {};
      return data?.result.map(({ value }) => value[1]);
    };
    await expect.poll(() => ask('sum(flow_dc_rows_total)'), { timeout: 40_000, interval: 200 }).toEqual(['67']);
    expect(await ask('count(flow_dc_host_limit)')).toEqual(['20']);
    expect(await ask('flow_dc_requests_in_flight')).toEqual(['30']);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
