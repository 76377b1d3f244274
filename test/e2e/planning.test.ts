import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { runCli, startCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { createTestCa } from '../support/test-ca.ts';
import { testOrigin } from '../support/test-origin.ts';

const CSV = `url,label\n${Array.from({ length: 300 }, (_, i) => `http://${i % 3 === 0 ? 'a' : 'b'}.test/${i % 200}.jpg,l${i % 7}`).join('\n')}\n`;

describe('flow-dc inspect', () => {
  it('says what is in a manifest on stdin, and what will hurt, with exit code 0 and nothing on stderr', async () => {
    const { code, stdout, stderr } = await runCli(['inspect', '-'], { stdin: CSV });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('Manifest: 300 rows');
    expect(stdout).toMatch(/url\s+Utf8\s+url \(guessed\)/);
    expect(stdout).toMatch(/b\.test\s+200\s+66\.7 %/);
    expect(stdout).toContain('every URL is http');
  });

  it('prints one JSON object with --json', async () => {
    const { stdout } = await runCli(['inspect', '-', '--json', '--label', 'label'], { stdin: CSV });
    expect(JSON.parse(stdout)).toMatchObject({
      rows: 300,
      hosts: { count: 2, largestShare: 200 / 300 },
      labels: { count: 7 },
      guessed: ['url'],
    });
  });

  it('tells how many rows it has read, and ends with 130 on Ctrl-C in one line', async () => {
    const { child, done, stderr } = startCli(['inspect', '-', '--progress', 'json'], { stdin: endless() });
    while (!stderr().includes('"read"')) await sleep(50);
    child.kill('SIGINT');
    const result = await done;
    expect([result.code, result.stdout]).toEqual([130, '']);
    expect(result.stderr).toMatch(
      /\n\{"error":"flow-dc: inspect was stopped after \d+ rows; nothing was written \(FDC_ERR_INTERRUPTED\)","code":"FDC_ERR_INTERRUPTED"\}\n$/,
    );
  });

  it.each([
    [['inspect'], 'name a manifest'],
    [['inspect', 'no-such-file.csv'], 'no-such-file.csv'],
    [['inspect', '-', '--url', 'nope'], 'url, label'],
    [['inspect', '-', '--output', 'x'], '--output'],
  ])('answers %j with exit code 2 and one line', async (args, says) => {
    const { code, stderr, stdout } = await runCli(args, { stdin: CSV });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain(says);
  });
});

describe('flow-dc estimate', () => {
  const manifest = (rows: number): string =>
    Array.from({ length: rows }, (_, i) => `http://${i % 3 === 0 ? 'a' : 'b'}.test/${i}.jpg`).join('\n');

  it('prints size with its interval, failures, hosts and time, and compares the free disk', async () => {
    const origin = await testOrigin({
      meanBytes: 20_000,
      rules: [{ host: 'a.test', path: '*3.jpg', behaviours: [{ kind: 'status', status: 404 }] }],
    });
    const out = join(await tempFolder(), 'dataset');
    const args = ['estimate', '-', '--sample', '200', '--progress', 'off', '--connect-to', origin.connectTo, '-o', out];
    const { code, stdout, stderr } = await runCli(args, { stdin: manifest(2000) });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^Size: about [\d.]+ MB, with 95 % between [\d.]+ MB and [\d.]+ MB\nRows: 2,000, of which about/,
    );
    expect(stdout).toContain('http_404');
    expect(stdout).toMatch(/Disk: .* free at .*dataset/);
    expect(stdout).toMatch(/b\.test\s+[\d.]+ MB\s+1,333 rows/);
  });

  it('prints one JSON object with --json, the same for the same --seed', async () => {
    const origin = await testOrigin({ meanBytes: 20_000 });
    const run = async () => {
      const args = ['estimate', '-', '--sample=50', '--seed=9', '--json', '--connect-to', origin.connectTo];
      return JSON.parse((await runCli(args, { stdin: manifest(500) })).stdout);
    };
    const [first, second] = [await run(), await run()];
    expect(first).toMatchObject({
      rows: 500,
      sample: { seed: 9, sized: first.sample.rows, unresolved: 0 },
      failures: [],
    });
    expect(second.bytes).toEqual(first.bytes);
  });

  it('warns when the disk is too small for the upper end, and still exits with 0', async () => {
    const origin = await testOrigin({ rules: [{ behaviours: [{ kind: 'endless', totalBytes: 60_000_000 }] }] });
    const args = [
      'estimate',
      '-',
      '--sample',
      '20',
      '--progress',
      'off',
      '--connect-to',
      origin.connectTo,
      '-o',
      await tempFolder(),
    ];
    // 6 TB.
    const { code, stderr } = await runCli(args, { stdin: manifest(100_000) });
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^warning: .* free and up to .* may be needed/)]);
  });

  it('exits with 3 when no size could be learnt', async () => {
    const args = [
      'estimate',
      '-',
      '--sample',
      '5',
      '--connect-to',
      '::127.0.0.1:1',
      '--max-retry-attempts',
      '1',
      '--offline-hold-sec',
      '0',
    ];
    const { code, stdout, stderr } = await runCli(args, { stdin: manifest(20) });
    expect([code, stderr]).toEqual([3, expect.stringContaining('no size could be learnt')]);
    expect(stdout).toContain('connect_refused');
  });

  it.each([
    [['estimate'], '', 'name a manifest'],
    [['estimate', '-', '--sample', '0'], 'http://a.test/1', '--sample'],
    [['estimate', '-'], 'a,b\n1,2\n', 'a, b'],
    [['estimate', '-'], 'url\n', 'FDC_ERR_MANIFEST_EMPTY'],
  ])('answers %j on the manifest %j with exit code 2 and one line', async (args, stdin, says) => {
    const { code, stderr, stdout } = await runCli(args, { stdin });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain(says);
  });
});

const manifests = process.env.FLOW_DC_MANIFESTS;
const why = manifests === undefined ? ' (SKIPPED: FLOW_DC_MANIFESTS does not name a folder with real manifests)' : '';

describe.skipIf(manifests === undefined)(`a real manifest${why}`, () => {
  it.each([
    ['laion_10000.parquet', { rows: 10_000, hosts: { count: 4473 }, schemes: { https: 6223 }, badUrls: { rows: 1 } }],
    [
      'spider100_urls_10gb.parquet',
      { rows: 100_000, hosts: { count: 1 }, duplicates: { distinctUrls: 19_998, exact: true } },
    ],
    ['gbif_url_10000.parquet', { rows: 10_000, roles: { label: 'species' }, labels: { nulls: 3958 } }],
  ])('%s is described truly by inspect', async (name, facts) => {
    const { stdout } = await runCli(['inspect', join(manifests as string, name), '--json']);
    expect(JSON.parse(stdout)).toMatchObject(facts);
  });

  it('of 10,000 LAION rows has an estimate that counts the bad URL and asks hosts of every size', async () => {
    const origin = await testOrigin({ meanBytes: 20_000, tls: createTestCa().tls });
    const args = [
      'estimate',
      join(manifests as string, 'laion_10000.parquet'),
      '--sample',
      '300',
      '--insecure',
      '--json',
    ];
    const { stdout } = await runCli([...args, '--connect-to', origin.connectTo]);
    const found = JSON.parse(stdout);
    expect(found.failures).toEqual([{ code: 'invalid_url', transient: false, sampled: 0, rows: 1, low: 1, high: 1 }]);
    expect(found.sample.sized).toBeGreaterThan(295);
    expect(found.bytes.low).toBeLessThan(2e8);
    expect(found.bytes.high).toBeGreaterThan(2e8);
  });
});

async function* endless(): AsyncGenerator<string> {
  yield 'url\n';
  for (let i = 0; i < 6000; i += 1) {
    yield `https://a.test/${i}.jpg\n`;
    await sleep(50);
  }
}
