import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { prepareDemoFolder } from '../../../../src/cli/demo/demo-ground.ts';
import { DEMO_HOSTS, type DemoHost, demoManifest } from '../../../../src/cli/demo/demo-hosts.ts';
import { countRows, type DemoTally, hostTable } from '../../../../src/cli/demo/demo-tally.ts';
import { publish } from '../../../../src/telemetry/channels.ts';

const HOST: DemoHost = { name: 'gone.test', rows: 3, story: 'gone', behaviours: [], certain: ['http_404'] };

function counting(): DemoTally {
  const tally = countRows();
  onTestFinished(() => tally.stop());
  return tally;
}

function settle(host: string, code?: 'http_404' | 'reset'): void {
  publish('flow-dc:row', () => ({
    host,
    status: code === undefined ? 'fetched' : 'failed',
    ...(code && { code }),
    bytes: 1,
  }));
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'flow-dc-demo-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

describe('the manifest', () => {
  it('has at least 2,000 rows, each with an URL of its own', () => {
    const urls = demoManifest(DEMO_HOSTS)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).url as string);
    expect(urls.length).toBeGreaterThanOrEqual(2000);
    expect(new Set(urls).size).toBe(urls.length);
  });

  it('is the same on every call', () => {
    expect(demoManifest(DEMO_HOSTS)).toBe(demoManifest(DEMO_HOSTS));
  });

  it('mixes the hosts, as real manifests do', () => {
    const first = demoManifest(DEMO_HOSTS).split('\n').slice(0, 100);
    expect(new Set(first.map((line) => new URL(JSON.parse(line).url).host)).size).toBeGreaterThan(5);
  });
});

describe('the count', () => {
  it('finds nothing surprising when every row ended as it should', () => {
    const tally = counting();
    settle('gone.test');
    settle('gone.test');
    settle('gone.test', 'http_404');
    expect(tally.surprises([HOST])).toEqual([]);
    expect(hostTable([HOST], tally)).toContain('gone.test     3        2  1 http_404        gone');
  });

  it('names lost rows, missing failures and failures that nobody asked for', () => {
    const tally = counting();
    settle('gone.test');
    settle('gone.test', 'reset');
    expect(tally.surprises([HOST])).toEqual([
      'gone.test: expected 3 rows, got 2',
      'gone.test: expected some rows http_404, got none',
      'gone.test: 1 rows ended reset',
    ]);
  });
});

describe('the folder', () => {
  it('replaces an earlier demo', async () => {
    const output = await emptyFolder();
    await prepareDemoFolder({ output });
    await writeFile(join(output, 'manifest.jsonl'), 'old');
    await prepareDemoFolder({ output });
    expect(await readdir(output)).toEqual(['.flow-dc-demo']);
  });

  it('leaves an earlier demo alone when asked to', async () => {
    const output = await emptyFolder();
    onTestFinished(() => rm(`${output}-2`, { recursive: true }));
    expect(await prepareDemoFolder({ output, keep: true })).toBe(`${output}-2`);
  });

  it('never touches files that no demo wrote', async () => {
    const output = await emptyFolder();
    await writeFile(join(output, 'thesis.tex'), '');
    await expect(prepareDemoFolder({ output })).rejects.toMatchObject({ code: 'FDC_ERR_DEST_FOREIGN' });
    expect(await readdir(output)).toEqual(['thesis.tex']);
  });
});
