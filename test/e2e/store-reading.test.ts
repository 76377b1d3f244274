import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Finding } from '../../src/dataset/verify/findings.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openObjectStore } from '../../src/store/s3/open-object-store.ts';
import { finished } from '../support/finished-dataset.ts';
import { type CliResult, runCli } from '../support/run-cli.ts';
import { testS3Gateway } from '../support/s3-gateway.ts';

/** A dataset of six shards that was downloaded into a folder, as a store holds it, and the folder. */
async function inStore(...flags: readonly string[]) {
  const { out } = await finished(...flags);
  const gateway = await testS3Gateway('s3rver');
  const env = gateway.env();
  Object.assign(process.env, env);
  const store = await openObjectStore(`s3://${gateway.bucket}/data/pictures`);
  onTestFinished(() => store.close());
  await copyInto(store, out, '');
  if (flags.includes('--no-create-tar')) await copyInto(store.beside('.flow-dc'), `${out}.flow-dc`, '');
  const run = (...args: readonly string[]): Promise<CliResult> => runCli(args, { env });
  return { out, store, url: store.name, run };
}

async function copyInto(store: ObjectStore, folder: string, below: string): Promise<void> {
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    const path = join(folder, below, entry.name);
    if (entry.isDirectory()) await copyInto(store, folder, relative(folder, path));
    else await store.put(join(below, entry.name), await readFile(path));
  }
}

function findingsOf(result: CliResult): readonly Finding[] {
  return (JSON.parse(result.stdout) as { findings: Finding[] }).findings;
}

async function read(store: ObjectStore, key: string): Promise<Buffer> {
  return Buffer.from((await store.read(key)) ?? []);
}

describe('a dataset in a store', () => {
  it.each<[string, ...string[]]>([
    ['shards'],
    ['compressed shards', '--compress-tar'],
    ['loose files', '--no-create-tar'],
  ])('of %s is verified and reported as the same one in a folder is', async (_name, ...flags) => {
    const { out, url, run } = await inStore(...flags);
    const [there, here] = [await run('verify', url), await run('verify', out)];
    expect(there).toEqual(here);
    expect(there).toMatchObject({ code: 0, stdout: '' });
    const reports = [await run('report', url, '--json'), await run('report', out, '--json')];
    const [ofStore, ofFolder] = reports.map(({ stdout }) => JSON.parse(stdout));
    expect(ofStore.gaps).toEqual([]);
    expect(ofStore.outputs[0].out).toBe(url);
    const told = ({ rows, fetched, time, latency, hosts, flags: marks, errorLines }: typeof ofStore) => {
      return { rows, fetched, time, latency, hosts, marks, errorLines };
    };
    expect(told(ofStore)).toEqual(told(ofFolder));
    expect(ofStore.plots.runs[0].atMs).toEqual(ofFolder.plots.runs[0].atMs);
  });

  it('whose objects were deleted, cut, changed or added by others has a finding for each, and no other', async () => {
    const { url, store, run } = await inStore();
    await store.remove(['000000.tar']);
    const [cut, changed] = [await read(store, '000001.tar'), await read(store, '000002.parquet')];
    await store.put('000001.tar', cut.subarray(0, cut.length - 3000));
    changed[100] = (changed[100] as number) ^ 0xff;
    await store.put('000002.parquet', changed);
    await store.put('000003.stats.json', '{}');
    await store.put('overview.json', 'mine');
    await store.put('notes/todo.txt', 'of somebody else');
    await store.put('000004.tar/inside.txt', 'no folder is in the way here');
    await store.put('.flow-dc/staging/000005-0badcafe.token/files/a.jpg', 'left');
    const result = await run('verify', url, '--json');
    expect(result.code).toBe(3);
    const found = findingsOf(result)
      .map(({ code, where }) => `${code} ${where}`)
      .sort();
    expect(found).toEqual([
      'artifact_damaged 000001.tar',
      'artifact_damaged 000002.parquet',
      'artifact_damaged 000003.stats.json',
      'artifact_damaged overview.json',
      'artifact_missing 000000.tar',
      'artifact_unreadable 000001.tar',
      'row_missing rows 100..149',
      'stray 000004.tar/',
      'stray notes/',
      'stray staging/000005-0badcafe.token',
    ]);
  });

  it('of loose files has its samples compared, and strays among them found', async () => {
    const { url, store, run } = await inStore('--no-create-tar');
    const keys: string[] = [];
    for await (const { key } of store.list('l0/')) keys.push(key);
    const [lost, other] = keys as [string, string];
    await store.remove([lost]);
    await store.put(other, 'another picture');
    await store.put('l1/extra.jpg', 'nobody names it');
    const result = await run('verify', url, '--json');
    expect(result.code).toBe(3);
    const found = findingsOf(result)
      .map(({ code, where }) => `${code} ${where}`)
      .sort();
    expect(found).toEqual([`sample_damaged ${other}`, `sample_missing ${lost}`, 'stray l1/extra.jpg']);
  });

  it('that is not finished is said to be that, with what is there', async () => {
    const { url, store, run } = await inStore();
    await store.remove(['_SUCCESS', '.flow-dc/units/000/x']);
    const result = await run('verify', url);
    expect(result.code).toBe(3);
    expect(result.stderr).toContain('unfinished: 300 of 300 rows are settled; go on with: flow-dc resume ');
    expect(result.stderr).toContain('every byte as committed');
  });

  it('that is not there is said in one line, and left out of a report of several', async () => {
    const { url, run } = await inStore();
    const missing = await run('verify', `${url}-2`);
    expect(missing).toMatchObject({ code: 2, stdout: '' });
    expect(missing.stderr).toMatch(/^flow-dc: s3:\/\/bucket\/data\/pictures-2 holds no flow-dc job; .*\n$/);
    const both = await run('report', url, `${url}-2`);
    expect(both.code).toBe(0);
    expect(both.stdout).toContain('left out');
  });
});
