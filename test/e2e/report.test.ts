import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { reportText } from '../../src/cli/terminal/report-text.ts';
import type { Rule } from '../../src/demo-hosts/behaviour.ts';
import { reportHtml } from '../../src/report/html/report-html.ts';
import type { Report } from '../../src/report/report.ts';
import { reportDataset } from '../../src/report/report-dataset.ts';
import { outcomesOf } from '../support/dataset.ts';
import { type CliResult, runCli, startCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const RULES: Rule[] = [
  { behaviours: [{ kind: 'latency', meanMs: 20, sigma: 0.3 }] },
  { host: 'gone.test', behaviours: [{ kind: 'status', status: 404, share: 0.5 }] },
  { host: 'slow.test', behaviours: [{ kind: 'latency', meanMs: 1000, sigma: 0.01 }] },
  { host: 'shy.test', behaviours: [{ kind: 'status', status: 403 }] },
];
const HOSTS = ['a.test', 'b.test', 'gone.test', 'shy.test'];
const csv = (rows: number): string =>
  [
    'url,label',
    ...Array.from({ length: rows }, (_, i) => `http://${HOSTS[i % HOSTS.length]}/p/${i}.jpg,l${i % 7}`),
  ].join('\n');

describe('flow-dc report', () => {
  it.for([
    ['tar shards', []],
    ['loose files', ['--no-create-tar']],
  ] as const)('begins with the very lines that the download of %s ended with', async ([, flags]) => {
    const { out, download } = await setUp();
    const { code, stderr } = await download(out, ...flags);
    expect(code, stderr).toBe(0);
    const said = stderr.slice(stderr.indexOf('done: ')).trimEnd();
    const { stdout } = await report(out);
    expect(said).toContain('next: flow-dc verify');
    expect(stdout.slice(0, said.length)).toBe(said);
  });

  it('adds up to what the outcome tables hold, in totals, hosts, errors, plots and times', async () => {
    const { out, download } = await setUp();
    // So that every host takes longer than a second, after which the timeline first looks.
    await download(out, '--law', 'fixed', '--per-host-concurrency', '1');
    const { stdout } = await report(out, '--json');
    const result = JSON.parse(stdout) as Report;
    const rows = await outcomesOf(out);
    const stored = rows.filter(({ status }) => status === 'fetched');
    const bytes = stored.reduce((sum, row) => sum + Number(row.bytes), 0);
    expect(result).toMatchObject({ complete: true, rows: 400, fetched: stored.length, bytes, units: 4, gaps: [] });
    expect(result.hosts.byRows.reduce((sum, { rows }) => sum + rows, 0)).toBe(400);
    expect(result.hosts.byFailure.map(({ host, topError }) => [host, topError])).toEqual([
      ['shy.test', 'http_403'],
      ['gone.test', 'http_404'],
    ]);
    expect(result.plots.time.fetched.reduce((a, b) => a + b, 0)).toBe(stored.length);
    expect(result.plots.runs[0]?.hosts.map(({ host }) => host).sort()).toEqual([...HOSTS].sort());
    const { ms, shards } = result.time;
    expect(shards).toBe(4);
    for (const part of ['queue', 'headers', 'hash', 'write', 'commit'] as const)
      expect(ms?.[part], part).toBeGreaterThan(0);
    expect(result.errorLines.find(({ code }) => code === 'http_403')?.next).toMatch(
      /^flow-dc retry .* --only http_403 --contact /,
    );
  });

  it('has the same totals whatever the shard size, and sums of them over several folders', async () => {
    const { folder, out, download } = await setUp();
    const other = join(folder, 'other');
    await Promise.all([download(out), download(other, '--shard-size', '37')]);
    const [a, b, both] = [await reportDataset(out), await reportDataset(other), await reportDataset([out, other, out])];
    for (const key of ['rows', 'fetched', 'failed', 'skipped', 'bytes'] as const) {
      expect(a[key], key).toBe(b[key]);
      expect(both[key], key).toBe(a[key] + b[key]);
    }
    expect(both.outputs.map(({ out: folder }) => folder)).toEqual([out, other]);
    expect(both.rates.workedMs).toBeCloseTo(a.rates.workedMs + b.rates.workedMs);
    expect((await report(out, other)).stdout).toContain(`${other}  `);
  });

  it('puts two downloads side by side, with the codes and hosts in which they differ', async () => {
    const { folder, out, download } = await setUp();
    const other = join(folder, 'other');
    await Promise.all([download(out), download(other, '--config', await skipping(folder, 'b.test'))]);
    const { code, stdout } = await report(out, other, '--compare');
    expect(code).toBe(0);
    expect(stdout).toContain(`A: ${out}\nB: ${other}\n`);
    expect(stdout).toMatch(/^ {2}skipped +0 % +25\.0 %$/m);
    expect(stdout).toMatch(/^ {2}host_skipped +0 +100$/m);
    expect(stdout).toMatch(/differ most.*\n +A +B\n {2}b\.test +100 % +0 %\n?$/);
    expect((await report(out, '--compare')).stderr).toContain('--compare takes two outputs or more');
  });

  it("has FLOW-DC's overview and run statistics, over several folders, in the units of their keys", async () => {
    const { folder, out, download } = await setUp();
    const other = join(folder, 'other');
    await Promise.all([download(out), download(other)]);
    const overview = JSON.parse(await readFile(join(out, 'overview.json'), 'utf8'));
    const { flowDc: one } = await reportDataset(out);
    expect(one.overview).toEqual({ summary: overview.summary, error_breakdown: overview.error_breakdown });
    const { flowDc: both, bytes } = await reportDataset([out, other]);
    expect(both.run_stats.download_stats).toMatchObject({
      total_urls: 800,
      total_downloaded_TB: Number((bytes / 1e12).toFixed(6)),
    });
    expect(both.run_stats.partition_stats.count).toBe(8);
    expect((await report(out, '--flow-dc')).stdout).toContain('  Total URLs:        400\n');
  });

  it('names the host that held the run, as the run did while it waited, with the file that skips it', async () => {
    const { folder, out, args } = await setUp(40);
    const slow = Array.from({ length: 60 }, (_, i) => `http://slow.test/${i}.jpg,l`);
    await writeFile(join(folder, 'manifest.csv'), [csv(40), ...slow].join('\n'));
    const run = startCli([...args(out, '--per-host-concurrency', '1'), '--progress', 'json']);
    const skip = '{"hosts":{"slow.test":{"skip":true}}}';
    await vi.waitFor(() => expect(run.stderr()).toContain(JSON.stringify(skip).slice(1, -1)), {
      timeout: 60_000,
      interval: 200,
    });
    await vi.waitFor(() => expect(run.stderr()).toContain('"bottleneck":{"host":"slow.test",'), { timeout: 20_000 });
    run.child.kill('SIGINT');
    await run.done;
    await writeFile(join(folder, 'skip.json'), skip);
    const { stderr } = await runCli(['resume', out, '--config', join(folder, 'skip.json'), '--progress', 'plain']);
    expect(stderr).toContain('  host_skipped ');
    const [held = 'none'] =
      /^held by host slow\.test: \d+ s of .* \(nearly all rows waited for it\)$/m.exec(stderr) ?? [];
    const result = await reportDataset(out);
    expect(result.rates.heldBy?.ms).toBeGreaterThanOrEqual(5000);
    expect([reportText(result)].flat().join('\n')).toContain(held);
    expect(await reportHtml(result)).toContain(held);
  });

  it('on a job that was stopped says so and how to go on, and on the finished one counts both runs', async () => {
    const { out, args } = await setUp(1600);
    const { child, done, stderr } = startCli(args(out, '--open-units', '2'));
    await vi.waitFor(() => expect(stderr()).toContain('limits:'), { timeout: 60_000 });
    await vi.waitFor(
      async () => expect((await readdir(out)).filter((name) => name.endsWith('.tar')).length).toBeGreaterThan(1),
      20_000,
    );
    child.kill('SIGKILL');
    await done;
    const stopped = await report(out);
    expect(stopped.code).toBe(0);
    expect(stopped.stdout).toMatch(/^unfinished: /);
    expect(stopped.stdout).toContain(`next: flow-dc resume ${out}\n`);
    const { stderr: said } = await runCli(['resume', out]);
    expect(said).toContain(' in 2 runs, ');
    expect((await reportDataset(out)).outputs[0]?.runs).toHaveLength(2);
  });

  it('names what it cannot read and goes on with the rest', async () => {
    const { out, download } = await setUp();
    await download(out);
    await rm(join(out, '000000.parquet'));
    await truncate(join(out, '000001.parquet'), 1000);
    await writeFile(join(out, '000002.stats.json'), 'no');
    await rm(join(out, '.flow-dc', 'timeline.jsonl'));
    const { rows, gaps, hosts } = await reportDataset([out, join(out, 'nowhere')]);
    expect(rows).toBe(400);
    expect(hosts.byRows.reduce((sum, host) => sum + host.rows, 0)).toBe(200);
    expect(gaps.join('\n')).toMatch(/000000\.parquet: not read \(it is not there\)/);
    expect(gaps.join('\n')).toMatch(/000001\.parquet: not read \(other bytes than were committed\)/);
    expect(gaps.join('\n')).toMatch(/000002\.stats\.json: not read/);
    expect(gaps.join('\n')).toMatch(/timeline\.jsonl: not there/);
    expect(gaps.join('\n')).toMatch(/nowhere: left out/);
  });

  it('refuses a folder without a job in one line', async () => {
    const result = await report(await tempFolder());
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/^flow-dc: .* holds no flow-dc job; .*\(FDC_ERR_JOB_MISSING\)\n$/);
    expect((await report()).stderr).toMatch(/^flow-dc: report takes the output of a download/);
  });
});

function report(...args: string[]): Promise<CliResult> {
  return runCli(['report', ...args]);
}

async function setUp(rows = 400) {
  const folder = await tempFolder();
  const origin = await testOrigin({ rules: RULES, meanBytes: 3000 });
  const manifest = join(folder, 'manifest.csv');
  await writeFile(manifest, csv(rows));
  const args = (out: string, ...flags: string[]): string[] => [
    ...['download', manifest, '-o', out, '--label', 'label', '--connect-to', origin.connectTo, '--progress', 'off'],
    ...['--law', 'fixed', '--per-host-concurrency', '16'],
    ...(flags.includes('--shard-size') ? flags : ['--shard-size', '100', ...flags]),
  ];
  return {
    folder,
    out: join(folder, 'out'),
    args,
    download: (out: string, ...flags: string[]) => runCli(args(out, ...flags)),
  };
}

async function skipping(folder: string, host: string): Promise<string> {
  const path = join(folder, `skip-${host}.json`);
  await writeFile(path, JSON.stringify({ hosts: { [host]: { skip: true } } }));
  return path;
}
