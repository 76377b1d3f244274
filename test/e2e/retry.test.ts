import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Rule } from '../../src/demo-hosts/behaviour.ts';
import type { DemoHosts } from '../../src/demo-hosts/start-demo-hosts.ts';
import { hasPython, membersOf, type Outcome, outcomesOf } from '../support/dataset.ts';
import { runCli, startCli } from '../support/run-cli.ts';
import { storeJobs } from '../support/store-jobs.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const ROWS = 120;
const SICK: readonly Rule[] = [
  { host: 'sick.test', behaviours: [{ kind: 'truncated' }] },
  { host: 'gone.test', behaviours: [{ kind: 'status', status: 404, share: 1 }] },
];
const HALF: readonly Rule[] = [
  { host: 'sick.test', behaviours: [{ kind: 'truncated', share: 0.5 }] },
  { host: 'gone.test', behaviours: [{ kind: 'status', status: 404, share: 1 }] },
];
const SLOW_WELL: readonly Rule[] = [{ behaviours: [{ kind: 'latency', meanMs: 60 }] }];

/** 60 rows on a host that is well, 40 on one that is sick, 20 on one that has nothing. */
const lines = Array.from({ length: ROWS }, (_, i) => {
  const host = i % 6 === 5 ? 'gone' : i % 6 === 1 || i % 6 === 3 ? 'sick' : 'well';
  return `http://${host}.test/p/${i}.jpg,l${i % 3},word ${i}`;
});

function shapeOf({ connectTo }: DemoHosts): string[] {
  return [
    ...['--shard-size', '15', '--connect-to', connectTo, '--progress', 'off', '--max-retry-attempts', '1'],
    ...['--breaker-failures', '1000', '--law', 'fixed'],
  ];
}

async function withFailures(...flags: readonly string[]) {
  const origin = await testOrigin({ rules: SICK, meanBytes: 3000 });
  const folder = await tempFolder();
  const manifest = join(folder, 'm.csv');
  await writeFile(manifest, `url,label,note\n${lines.join('\n')}\n`);
  const out = join(folder, 'out');
  const download = ['download', manifest, '-o', out, ...shapeOf(origin), ...flags];
  const first = await runCli(download);
  expect(first.code, first.stderr).toBe(0);
  const isLoose = flags.includes('--no-create-tar');
  const state = isLoose ? `${out}.flow-dc` : join(out, '.flow-dc');
  const tables = isLoose ? state : out;
  return { origin, folder, download, out, state, outcomes: () => outcomesOf(tables) };
}

function askedOf(origin: DemoHosts): string[] {
  return [...origin.stats()].filter(([, { requests }]) => requests > 0).map(([host]) => host);
}

/** As readers take them. */
function latest(rows: readonly Outcome[]): Map<number, Outcome> {
  const found = new Map<number, Outcome>();
  for (const row of rows) {
    const before = found.get(row.row as number);
    if (before === undefined || Number(before.attempt_set) < Number(row.attempt_set)) found.set(row.row as number, row);
  }
  return found;
}

function statusesOf(rows: Iterable<Outcome>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of rows) counts[String(status)] = (counts[String(status)] ?? 0) + 1;
  return counts;
}

async function jsonReport(out: string): Promise<Record<string, unknown> & { hosts: { byRows: unknown[] } }> {
  return JSON.parse((await runCli(['report', out, '--json'])).stdout);
}

describe('flow-dc retry', () => {
  it('stores what a healed host gives now, and counts every row once everywhere', async () => {
    const { origin, out, outcomes } = await withFailures();
    const sealed = await readFile(join(out, 'SHA256SUMS'), 'utf8');
    origin.setRules([]);
    origin.resetStats();
    const retried = await runCli(['retry', out]);
    expect(retried.code, retried.stderr).toBe(0);
    expect(retried.stderr).toContain('retry: 40 rows are fetched again (truncated 40), as attempt set 2\n');
    expect(retried.stderr).toContain('retry: 40 of 40 rows are fetched now\n');
    expect(retried.stderr).toContain('done: 100 of 120 rows fetched');
    expect(askedOf(origin)).toEqual(['sick.test']);
    const rows = await outcomes();
    expect(rows).toHaveLength(ROWS + 40);
    expect(statusesOf(latest(rows).values())).toEqual({ fetched: 100, failed: 20 });
    for (const row of rows.filter(({ attempt_set: set }) => set === 2)) {
      const at = row.row as number;
      expect([row.url, row.label, row.note].join(',')).toBe(lines[at]);
      expect(row.source_row).toBe(at);
      expect(Number(String(row.key).slice(0, 6))).toBeGreaterThanOrEqual(8);
      expect(Object.keys(row).filter((name) => name.startsWith('flow_dc'))).toEqual([]);
    }
    const verified = await runCli(['verify', out]);
    expect(verified, verified.stdout).toMatchObject({ code: 0, stdout: '' });
    expect(verified.stderr).toContain('120 rows');
    expect(verified.stderr).toContain('100 samples');
    const report = await jsonReport(out);
    expect(report).toMatchObject({ rows: 120, fetched: 100, failed: 20, errors: { http_404: 20 }, complete: true });
    expect(report.hosts.byRows).toContainEqual(expect.objectContaining({ host: 'sick.test', rows: 40, fetched: 40 }));
    const overview = JSON.parse(await readFile(join(out, 'overview.json'), 'utf8'));
    expect(overview.summary).toMatchObject({ total_urls: 120, successful_downloads: 100, failed_downloads: 20 });
    expect(overview.summary.shutdown_requested).toBe(false);
    const index = JSON.parse(await readFile(join(out, 'index.json'), 'utf8'));
    expect(index.shardlist.reduce((sum: number, { nsamples }: { nsamples: number }) => sum + nsamples, 0)).toBe(100);
    const sums = await readFile(join(out, 'SHA256SUMS'), 'utf8');
    for (const line of sealed.split('\n').filter((one) => /\d\.tar$/.test(one))) expect(sums).toContain(line);
    if (await hasPython()) {
      const members = await membersOf(out);
      const texts = members.filter(({ name }) => name.endsWith('.json'));
      expect(new Set(texts.map(({ name }) => name)).size).toBe(100);
    }
    const again = await runCli(['retry', out]);
    expect(again.code).toBe(0);
    expect(again.stderr).toBe(`nothing to retry: no row of ${out} ended in transient\n`);
  });

  it('goes on from round to round, with codes that are named', async () => {
    const { origin, out, outcomes } = await withFailures();
    origin.setRules(HALF);
    const first = await runCli(['retry', out]);
    expect(first.code, first.stderr).toBe(0);
    const left = statusesOf(latest(await outcomes()).values()).failed as number;
    expect(left).toBeGreaterThan(20);
    expect(left).toBeLessThan(60);
    origin.setRules([]);
    const second = await runCli(['retry', out, '--only', 'truncated,http_404']);
    expect(second.code, second.stderr).toBe(0);
    expect(second.stderr).toContain(`retry: ${left} rows are fetched again`);
    expect(second.stderr).toContain('as attempt set 3');
    const rows = latest(await outcomes());
    expect(statusesOf(rows.values())).toEqual({ fetched: ROWS });
    expect(Math.max(...[...rows.values()].map((row) => row.attempt_set as number))).toBe(3);
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
    expect(await jsonReport(out)).toMatchObject({ rows: ROWS, fetched: ROWS, failed: 0, errors: {} });
    expect((await runCli(['resume', out])).code).toBe(0);
  });

  it.for(['retry', 'resume', 'download'])('that is killed is finished by %s', async (command) => {
    const { origin, download, out, state, outcomes } = await withFailures();
    origin.setRules(SLOW_WELL);
    const running = startCli(['retry', out, '--per-host-concurrency', '4', '--threads', '1']);
    const asked = (): number => origin.stats().get('sick.test')?.requests ?? 0;
    const before = asked();
    await vi.waitFor(() => expect(asked() - before).toBeGreaterThan(18), { timeout: 20_000, interval: 5 });
    running.child.kill('SIGKILL');
    await running.done;
    expect(await readdir(out)).not.toContain('_SUCCESS');
    expect((await runCli(['verify', out])).stderr).toContain('unfinished');
    if (command === 'resume') {
      const submitted = await runCli(['submit', ...download.slice(1), '--nats', 'nats://127.0.0.1:1']);
      expect([submitted.code, submitted.stderr]).toEqual([2, expect.stringContaining(`flow-dc resume ${out}`)]);
    }
    const ended = await runCli(command === 'download' ? download : [command, out]);
    expect(ended.code, ended.stderr).toBe(0);
    if (command === 'retry') expect(ended.stderr).toContain('going on with the retry that was begun: 40 rows');
    expect(statusesOf(latest(await outcomes()).values())).toEqual({ fetched: 100, failed: 20 });
    expect(await readdir(state)).toContain('retry-2.json');
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
  });

  it('appends loose files, which metadata.parquet names', async () => {
    const { origin, out } = await withFailures('--no-create-tar');
    origin.setRules([]);
    const retried = await runCli(['retry', out]);
    expect(retried.code, retried.stderr).toBe(0);
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
    const files = await readdir(out, { recursive: true });
    expect(files.filter((name) => name.endsWith('.jpg') || /\.(png|gif|webp)$/.test(name))).toHaveLength(100);
  });

  it('keeps keys of the manifest, in a dataset that is repaired afterwards as well', async () => {
    const { origin, out, outcomes } = await withFailures('--key-col', 'note');
    origin.setRules([]);
    expect((await runCli(['retry', out])).code).toBe(0);
    for (const { row, key } of await outcomes()) expect(key).toBe(`word ${row}`);
    // With its table a unit has lost how its rows ended, which a retry has taken off the sums.
    for (const file of ['000001.tar', '000001.parquet', '000008.tar']) await rm(join(out, file));
    expect((await runCli(['verify', out])).code).toBe(3);
    const repaired = await runCli(['repair', out]);
    expect(repaired.code, repaired.stderr).toBe(0);
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
    expect(await jsonReport(out)).toMatchObject({ rows: 120, fetched: 100, failed: 20, errors: { http_404: 20 } });
  });

  it('says with --dry-run what it would do, and refuses what it cannot do', async () => {
    const { origin, out, folder, state } = await withFailures();
    const files = await readdir(out);
    origin.resetStats();
    const dry = await runCli(['retry', out, '--dry-run', '--only', 'all']);
    expect(dry.code).toBe(0);
    expect(dry.stderr).toBe(
      'retry: 60 rows are fetched again (truncated 40, http_404 20), as attempt set 2\n' +
        'dry run: nothing was fetched or written\n',
    );
    expect(await readdir(out)).toEqual(files);
    expect(askedOf(origin)).toEqual([]);
    const manifest = join(folder, 'm.csv');
    const text = await readFile(manifest, 'utf8');
    await rm(manifest);
    const without = await runCli(['retry', out]);
    expect([without.code, without.stderr]).toEqual([2, expect.stringContaining('FDC_ERR_MANIFEST_NOT_FOUND')]);
    await writeFile(manifest, text.replace('well.test/p/0.jpg', 'well.test/q/0.jpg'));
    const other = await runCli(['retry', out]);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('row 0 has another URL')]);
    expect(await readdir(out)).toEqual(files);
    expect(await readdir(state)).not.toContain('retry-2.json');
    await writeFile(manifest, text);
    const word = await runCli(['retry', out, '--only', 'http_5o3']);
    expect([word.code, word.stderr]).toEqual([2, expect.stringContaining('expected transient, all, or codes')]);
    const none = await runCli(['retry', join(folder, 'none')]);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('FDC_ERR_JOB_MISSING')]);
    await rm(join(out, '_SUCCESS'));
    await rm(join(out, 'SHA256SUMS'));
    const open = await runCli(['retry', out]);
    expect([open.code, open.stderr]).toEqual([2, expect.stringContaining(`finish it first: flow-dc resume ${out}`)]);
  });

  it('does the same in an object store', async () => {
    const jobs = await storeJobs('s3rver', 60);
    const first = await jobs.run(jobs.args('s3://bucket/set', '--shard-size', '20'));
    expect(first.code, first.stderr).toBe(0);
    const gone = Number(/(\d+) failed/.exec(first.stderr)?.[1]);
    expect(gone).toBeGreaterThan(0);
    jobs.origin.setRules([]);
    const retried = await jobs.run(['retry', 's3://bucket/set', '--only', 'http_404'], 'there');
    expect(retried.code, retried.stderr).toBe(0);
    expect(retried.stderr).toContain(`retry: ${gone} of ${gone} rows are fetched now\n`);
    expect(await jobs.keysBelow('set')).toEqual(expect.arrayContaining(['_SUCCESS', '.flow-dc/retry-2.json']));
    const verified = await jobs.run(['verify', 's3://bucket/set']);
    expect(verified, verified.stderr).toMatchObject({ code: 0, stdout: '' });
    expect(verified.stderr).toContain('60 samples');
    const refreshed = await jobs.run(['refresh', 's3://bucket/set']);
    expect([refreshed.stderr, refreshed.stdout]).toEqual(['', expect.stringContaining('  same    60\n')]);
    const there = await jobs.run(['refresh', 's3://bucket/set', '-o', 's3://bucket/diff.csv']);
    expect([there.code, there.stderr]).toEqual([2, expect.stringContaining('output: expected a file of this machine')]);
  });

  it('tries a dataset again in which nothing was stored', async () => {
    const origin = await testOrigin({ rules: [{ behaviours: [{ kind: 'status', status: 500, share: 1 }] }] });
    const out = join(await tempFolder(), 'out');
    await writeFile(`${out}.csv`, `url\n${Array.from({ length: 8 }, (_, i) => `http://a.test/${i}.jpg`).join('\n')}\n`);
    await runCli(['download', `${out}.csv`, '-o', out, '--connect-to', origin.connectTo, '--max-retry-attempts', '1']);
    expect(await readdir(out)).not.toContain('_SUCCESS');
    origin.setRules([]);
    const retried = await runCli(['retry', out]);
    expect(retried.stderr).toContain('retry: 8 of 8 rows are fetched now');
    expect(await runCli(['verify', out])).toMatchObject({ code: 0, stdout: '' });
  });
});

describe('flow-dc export', () => {
  it('writes the rows that are meant, as they are now', async () => {
    const { origin, out, folder } = await withFailures();
    const file = (name: string): string => join(folder, name);
    const failed = await runCli(['export', out, '--where', 'failed', '-o', file('failed.csv')]);
    expect(failed).toMatchObject({ code: 0, stdout: '', stderr: `60 rows: ${file('failed.csv')}\n` });
    const text = await readFile(file('failed.csv'), 'utf8');
    expect(text.split('\n')[0]).toContain('key,name,row,source_file,source_row,url');
    expect(text.split('\n')).toHaveLength(62);
    origin.setRules([]);
    expect((await runCli(['retry', out])).code).toBe(0);
    const gone = await runCli(['export', out, '--where', 'transient,http_404', '-o', file('gone.parquet')]);
    expect(gone.stderr).toBe(`20 rows: ${file('gone.parquet')}\n`);
    const two = await runCli([
      ...['export', out, '--where', 'status=stored', '--where', 'host=sick.test'],
      ...['-o', file('sick.parquet')],
    ]);
    expect(two.stderr).toBe(`40 rows: ${file('sick.parquet')}\n`);
    const all = await runCli(['export', out, '-o', file('all.csv')]);
    expect(all.stderr).toBe(`120 rows: ${file('all.csv')}\n`);
    const inspected = await runCli(['inspect', file('gone.parquet')]);
    expect(inspected.code, inspected.stderr).toBe(0);
  });

  it('says what is wrong with what it is asked for', async () => {
    const { out, folder } = await withFailures();
    const asked = async (...args: readonly string[]) => {
      const { code, stderr } = await runCli(['export', out, ...args]);
      return [code, stderr];
    };
    const file = join(folder, 'x.csv');
    expect(await asked('--where', 'failed')).toEqual([2, expect.stringContaining('-o rows.csv')]);
    expect(await asked('--where', 'faild', '-o', file)).toEqual([2, expect.stringContaining('got "faild"')]);
    expect(await asked('--where', 'hosst=a', '-o', file)).toEqual([2, expect.stringContaining('no column hosst')]);
    expect(await asked('--where', 'empty_body', '-o', file)).toEqual([0, expect.stringContaining('nothing written')]);
    expect(await readdir(folder)).not.toContain('x.csv');
    await writeFile(file, 'mine');
    expect(await asked('-o', file)).toEqual([2, expect.stringContaining('is there already')]);
  });
});
