/**
 * What the law owes to hosts and users, through the built program. Wide margins: benchmarks/pipeline/paarc.ts has the
 * figures.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../../src/demo-hosts/behaviour.ts';
import type { HostStats } from '../../src/demo-hosts/host-stats.ts';
import { type Outcome, outcomesOf } from '../support/dataset.ts';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

/** 400 replies a second at most: what two busy cores can serve and fetch. */
const TWENTY_SLOTS: Behaviour = { kind: 'slots', slots: 20, serviceMs: 50 };

describe('the limit that finds itself', () => {
  it('loses nothing worth mentioning to a host of which one reply in a hundred is a random 503', async () => {
    const steady = await download({ 'steady.test': { rows: 3500, behaviours: [TWENTY_SLOTS] } });
    const flaky: Behaviour[] = [TWENTY_SLOTS, { kind: 'status', status: 503, share: 0.01, per: 'request' }];
    const shaky = await download({ 'shaky.test': { rows: 3500, behaviours: flaky } });
    expect(shaky.stored).toHaveLength(3500);
    expect(shaky.stats('shaky.test').byStatus[503]).toBeGreaterThan(10);
    expect(steadyRowsPerSecond(shaky.stored)).toBeGreaterThan(0.8 * steadyRowsPerSecond(steady.stored));
  });

  it('uses a host that allows 200 requests a second, is refused seldom, and loses no row', async () => {
    const behaviours: Behaviour[] = [
      { kind: 'latency', meanMs: 50 },
      { kind: 'rate-limit', requestsPerSecond: 200 },
    ];
    const { stored, stats } = await download({ 'limited.test': { rows: 4000, behaviours } });
    expect(stored).toHaveLength(4000);
    const { requests, byStatus } = stats('limited.test');
    expect((byStatus[429] ?? 0) / requests).toBeLessThan(0.03);
    expect(stored.length / (200 * spanSeconds(stored))).toBeGreaterThan(0.8);
  });

  it('does not let a slow host hold up the rows of a fast one', async () => {
    const fast = { rows: 2000, behaviours: [{ kind: 'slots', slots: 8, serviceMs: 20 }] satisfies Behaviour[] };
    const alone = await download({ 'fast.test': fast });
    const slow = { rows: 600, behaviours: [{ kind: 'latency', meanMs: 1000 }] satisfies Behaviour[] };
    const together = await download({ 'fast.test': fast, 'slow.test': slow });
    expect(together.stored).toHaveLength(2600);
    expect(endSeconds(together.stored, 'fast.test')).toBeLessThan(1.5 * endSeconds(alone.stored, 'fast.test') + 0.5);
  });
});

interface Host {
  readonly rows: number;
  readonly behaviours: readonly Behaviour[];
}

/** Fetch all rows of these hosts in one run; `stored` are the outcomes of fetched rows. */
async function download(
  hosts: Readonly<Record<string, Host>>,
): Promise<{ stored: Outcome[]; stats: (host: string) => HostStats }> {
  const folder = await tempFolder();
  const manifest = join(folder, 'manifest.txt');
  const out = join(folder, 'out');
  const urls = Object.entries(hosts).flatMap(([host, { rows }]) =>
    Array.from({ length: rows }, (_, i) => `http://${host}/${i}.jpg`),
  );
  await writeFile(manifest, urls.join('\n'));
  const rules = Object.entries(hosts).map(([host, { behaviours }]) => ({ host, behaviours }));
  const origin = await testOrigin({ rules, meanBytes: 4000 });
  const { code, stderr } = await runCli(['download', manifest, '-o', out, '--connect-to', origin.connectTo]);
  expect(code, stderr).toBe(0);
  const stored = (await outcomesOf(out)).filter(({ status }) => status === 'fetched');
  return { stored, stats: (host) => origin.stats().get(host) as HostStats };
}

/** Between the middle of the run and its last twentieth: after the limit was found, before the last retries. */
function steadyRowsPerSecond(rows: readonly Outcome[]): number {
  const ends = rows.map(fetchedAtMs).sort((a, b) => a - b);
  const [from, to] = [Math.floor(0.5 * ends.length), Math.floor(0.95 * ends.length)];
  return (1000 * (to - from)) / ((ends[to] as number) - (ends[from] as number));
}

/** From the first request of the run to the end of this host's last row. */
function endSeconds(rows: readonly Outcome[], host: string): number {
  const first = Math.min(...rows.map((row) => fetchedAtMs(row) - Number(row.total_ms)));
  return (Math.max(...rows.filter((row) => row.host === host).map(fetchedAtMs)) - first) / 1000;
}

function spanSeconds(rows: readonly Outcome[]): number {
  return endSeconds(rows, String(rows[0]?.host));
}

function fetchedAtMs({ fetched_at }: Outcome): number {
  return Number(fetched_at);
}
