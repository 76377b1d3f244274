import { readdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { folderFile } from '../../src/dataset/files/folder-files.ts';
import type { Rule } from '../../src/demo-hosts/behaviour.ts';
import type { DemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';
import { folderPaths } from '../../src/destination/folder-layout.ts';
import { readTimeline, type TimelinePoint } from '../../src/job/timeline.ts';
import type { Report } from '../../src/report/report.ts';
import { essence, outcomesOf } from '../support/dataset.ts';
import { type Harm, manyThreads, rowsByThread } from '../support/many-threads.ts';
import { type CliProcess, type CliResult, runCli, startCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const ROWS = 2000;
const PER_HOST = 12;
const HOSTS = ['a.test', 'b.test', 'gone.test', 'page.test'];
const RULES: Rule[] = [
  { behaviours: [{ kind: 'latency', meanMs: 60, sigma: 0.5 }] },
  { host: 'gone.test', behaviours: [{ kind: 'status', status: 404, share: 0.2 }] },
  { host: 'page.test', behaviours: [{ kind: 'html', share: 0.1 }] },
];
const csv = [
  'url,label',
  ...Array.from({ length: ROWS }, (_, i) => `http://${HOSTS[i % HOSTS.length]}/p/${i}.jpg,l${i % 7}`),
].join('\n');

interface StartOptions {
  readonly harm?: Harm;
  readonly stdin?: string;
}

interface Trial {
  readonly folder: string;
  readonly origin: DemoHosts;
  start(out: string, threads: number | undefined, flags?: readonly string[], options?: StartOptions): CliProcess;
}

async function setUp(rules: readonly Rule[] = RULES): Promise<Trial> {
  const folder = await tempFolder();
  const origin = await testOrigin({ rules: [...rules], meanBytes: 4000 });
  const manifest = join(folder, 'manifest.csv');
  await writeFile(manifest, csv);
  // Fixed limits, few at a time: a run lasts long enough for threads to start, on any machine.
  const limits = [
    '--law',
    'fixed',
    '--per-host-concurrency',
    `${PER_HOST}`,
    '--open-units',
    '2',
    '--shard-size',
    '100',
  ];
  const start: Trial['start'] = (out, threads, flags = [], { harm = 'none', stdin } = {}) => {
    const input = stdin === undefined ? manifest : '-';
    const wanted = threads === undefined ? [] : ['--threads', `${threads}`];
    const own = ['--connect-to', origin.connectTo, ...wanted, ...limits, ...flags];
    return startCli(['download', input, '-o', out, ...own], { env: manyThreads(harm), stdin });
  };
  return { folder, origin, start };
}

/** Threads beside the first did part of the work. */
function expectThreads({ stderr }: CliResult, threads: number): void {
  const rows = rowsByThread(stderr);
  expect(rows.length, stderr).toBeGreaterThanOrEqual(threads);
  if (threads > 0) expect(rows.reduce((sum, n) => sum + n, 0)).toBeGreaterThan(ROWS / 20);
}

/** Every row once, every byte as committed. */
async function expectWhole(out: string, tables = out): Promise<void> {
  const rows = (await outcomesOf(tables)).map(({ row }) => Number(row));
  expect(rows.sort((a, b) => a - b)).toEqual(Array.from({ length: ROWS }, (_, row) => row));
  expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
}

describe('a download with several threads', () => {
  it.for([
    ['tar shards', 'shards', []],
    ['loose files', 'files', ['--no-create-tar']],
  ] as const)('stores as %s what one thread stores, row by row, and adds up', async ([, layout, flags]) => {
    const { folder, start } = await setUp();
    const [alone, together] = [join(folder, 'alone'), join(folder, 'together')];
    const tablesOf = (out: string): string => (layout === 'files' ? folderPaths(out, layout).state : out);
    const first = start(alone, 1, [...flags, '--per-host-concurrency', '100']).done;
    const result = await start(together, 3, [...flags, '--progress', 'json']).done;
    expect((await first).code).toBe(0);
    expect(result.code, result.stderr).toBe(0);
    expectThreads(result, 2);
    const rows = await outcomesOf(tablesOf(together));
    expect(essence(rows)).toEqual(essence(await outcomesOf(tablesOf(alone))));
    await expectWhole(together, tablesOf(together));
    const stored = rows.filter(({ status }) => status === 'fetched').length;
    const bytes = rows.reduce((sum, row) => sum + Number(row.bytes ?? 0), 0);
    expect(result.stderr).toContain(
      `done: ${stored.toLocaleString('en-US')} of ${ROWS.toLocaleString('en-US')} rows fetched`,
    );
    const points: TimelinePoint[] = [];
    for await (const point of readTimeline(folderFile(folderPaths(together, layout).timeline))) points.push(point);
    expect(points.at(-1)).toMatchObject({ stored, failed: ROWS - stored, bytes, in_flight: 0, queued: 0 });
    for (const { hosts } of points)
      for (const { in_flight, limit } of hosts) expect([in_flight <= limit, limit]).toEqual([true, PER_HOST]);
    const report = JSON.parse((await runCli(['report', together, '--json'])).stdout) as Report;
    expect(report).toMatchObject({ complete: true, rows: ROWS, fetched: stored, gaps: [] });
    expect(report.plots.time.fetched.reduce((a, b) => a + b, 0)).toBe(stored);
    const last = JSON.parse(result.stderr.split('\n').findLast((line) => line.startsWith('{"rowsDone"')) as string);
    expect(last).toMatchObject({ rowsDone: ROWS, fetched: stored, unitsCommitted: ROWS / 100 });
  });

  it('uses as many as the machine has cores when it is not told how many', async () => {
    const { folder, start } = await setUp();
    const out = join(folder, 'out');
    const result = await start(out, undefined).done;
    expect(result.code, result.stderr).toBe(0);
    const most = availableParallelism() - 1;
    expect(rowsByThread(result.stderr).length).toBeLessThanOrEqual(most);
    expectThreads(result, Math.min(1, most));
    await expectWhole(out);
  });

  it('never has more requests at a host than its limit, whichever thread they are of', async () => {
    const { folder, start, origin } = await setUp();
    expectThreads(await start(join(folder, 'out'), 4).done, 2);
    for (const host of HOSTS) expect(origin.stats().get(host)?.maxInFlight).toBeLessThanOrEqual(PER_HOST);
    expect(origin.stats().get('a.test')?.maxInFlight).toBeGreaterThan(PER_HOST / 2);
  });

  it('reads a manifest from stdin, keeps to --limit, and keeps nothing with none:', async () => {
    const { folder, start } = await setUp();
    const out = join(folder, 'out');
    const piped = await start(out, 3, ['--limit', '1500'], { stdin: csv }).done;
    expect(piped.code, piped.stderr).toBe(0);
    expectThreads(piped, 2);
    expect(await outcomesOf(out)).toHaveLength(1500);
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
    const nowhere = await start('none:', 3, ['--json']).done;
    expect(nowhere.code, nowhere.stderr).toBe(0);
    expectThreads(nowhere, 2);
    expect(JSON.parse(nowhere.stdout)).toMatchObject({ complete: true, rows: ROWS, units: ROWS / 100 });
  });

  it('uses all of them for a job of few shards, of which one thread could open every one', async () => {
    const latency = (meanMs: number): Rule[] => [{ behaviours: [{ kind: 'latency', meanMs }] }];
    // Slow until every thread has had a row: how long one takes to start is the machine's affair.
    const { folder, start, origin } = await setUp(latency(1500));
    const out = join(folder, 'out');
    const run = start(out, 3, ['--open-units', '16', '--shard-size', '250']);
    const isAtWork = (thread: number): boolean => run.stderr().includes(`[thread ${thread} is at work]`);
    await vi.waitFor(() => expect([1, 2].filter(isAtWork)).toEqual([1, 2]), { timeout: 50_000, interval: 50 });
    origin.setRules(latency(20));
    const result = await run.done;
    expect(result.code, result.stderr).toBe(0);
    await expectWhole(out);
  });

  it('starts none for a hundred URLs', async () => {
    const { folder, start } = await setUp();
    const { code, stderr } = await start(join(folder, 'out'), 4, ['--limit', '100']).done;
    expect(code, stderr).toBe(0);
    expect(rowsByThread(stderr)).toEqual([]);
  });

  it.for([
    ['exits', 'exit'],
    ['has an error that nobody catches', 'throw'],
  ] as const)('loses nothing when one of them %s, and says so', async ([, harm]) => {
    const { folder, start } = await setUp();
    const out = join(folder, 'out');
    const result = await start(out, 3, [], { harm }).done;
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/a thread has ended \(.+\): the shards it had open are begun anew/);
    expect(result.stderr).not.toContain('    at ');
    expectThreads(result, 2);
    await expectWhole(out);
  });

  it('finishes what all threads have open at SIGINT, exits 130, and a resume loses no row', async () => {
    const { folder, start } = await setUp();
    const out = join(folder, 'out');
    const { child, done, stderr } = start(out, 3);
    await busy(out);
    child.kill('SIGINT');
    const result = await done;
    expect(result.code, stderr()).toBe(130);
    expect(result.stderr).toContain('flow-dc resume');
    expect(rowsByThread(result.stderr).length).toBeGreaterThanOrEqual(1);
    // Drained, not dropped: nothing half done is left.
    expect(await readdir(folderPaths(out, 'shards').staging)).toEqual([]);
    expect((await outcomesOf(out)).length % 100).toBe(0);
    expect((await start(out, 3).done).code).toBe(0);
    await expectWhole(out);
  });

  it('ends at once at a second signal, and a resume loses no row', async () => {
    const { folder, start } = await setUp([{ behaviours: [{ kind: 'latency', meanMs: 400 }] }]);
    const out = join(folder, 'out');
    const { child, done } = start(out, 3, ['--per-host-concurrency', '40']);
    await busy(out);
    child.kill('SIGTERM');
    await wait(150);
    const secondMs = performance.now();
    child.kill('SIGTERM');
    const result = await done;
    expect(result.code, result.stderr).toBe(143);
    expect(performance.now() - secondMs).toBeLessThan(3000);
    expect((await start(out, 2, ['--per-host-concurrency', '200']).done).code).toBe(0);
    await expectWhole(out);
  });

  it('writes every decision about a host to the trace once, in order of time', async () => {
    const { folder, start } = await setUp();
    const trace = join(folder, 'trace.jsonl');
    const result = await start(join(folder, 'out'), 3, ['--law', 'paarc', '--trace-paarc', trace]).done;
    expect(result.code, result.stderr).toBe(0);
    expectThreads(result, 2);
    const lines = (await readFile(trace, 'utf8')).trimEnd().split('\n');
    const decisions = lines.map((line) => JSON.parse(line) as { host: string; atMs: number; from: string; to: string });
    expect(new Set(decisions.map(({ host }) => host))).toEqual(new Set(HOSTS));
    for (const host of HOSTS) {
      const own = decisions.filter((decision) => decision.host === host);
      expect(own.map(({ atMs }) => atMs)).toEqual(own.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
      // One controller: each decision begins in the state that the one before led to.
      expect(own.slice(1).map(({ from }) => from)).toEqual(own.slice(0, -1).map(({ to }) => to));
    }
  });
});

/** Several units are committed: threads are at work by then. */
async function busy(out: string): Promise<void> {
  const committed = async (): Promise<number> =>
    (await readdir(join(folderPaths(out, 'shards').state, 'units', '000'))).length;
  await vi.waitFor(async () => expect(await committed()).toBeGreaterThan(7), { timeout: 60_000, interval: 20 });
}
