import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { runCli, startCli } from '../support/run-cli.ts';

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
    while (!stderr().includes('"rows"')) await sleep(50);
    child.kill('SIGINT');
    const result = await done;
    expect([result.code, result.stdout]).toEqual([130, '']);
    expect(result.stderr).toMatch(/\nflow-dc: inspect was stopped after \d+ rows; nothing was written \(FDC_ERR_INTERRUPTED\)\n$/);
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

const manifests = process.env.FLOW_DC_MANIFESTS;
const why = manifests === undefined ? ' (SKIPPED: FLOW_DC_MANIFESTS does not name a folder with real manifests)' : '';

describe.skipIf(manifests === undefined)(`real manifests${why}`, () => {
  it.each([
    ['laion_10000.parquet', { rows: 10_000, hosts: { count: 4473 }, schemes: { https: 6223 }, badUrls: { rows: 1 } }],
    ['spider100_urls_10gb.parquet', { rows: 100_000, hosts: { count: 1 }, duplicates: { distinctUrls: 19_998, exact: true } }],
    ['gbif_url_10000.parquet', { rows: 10_000, roles: { label: 'species' }, labels: { nulls: 3958 } }],
  ])('%s is described truly', async (name, facts) => {
    const { stdout } = await runCli(['inspect', join(manifests as string, name), '--json']);
    expect(JSON.parse(stdout)).toMatchObject(facts);
  });
});

async function* endless(): AsyncGenerator<string> {
  yield 'url\n';
  for (let i = 0; i < 6000; i += 1) {
    yield `https://a.test/${i}.jpg\n`;
    await sleep(50);
  }
}
