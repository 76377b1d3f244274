import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Finding } from '../../src/dataset/verify/findings.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openObjectStore } from '../../src/store/s3/open-object-store.ts';
import { csv, SHARD_ROWS } from '../support/finished-dataset.ts';
import { type CliResult, runCli, startCli } from '../support/run-cli.ts';
import { describeS3, testS3Gateway } from '../support/s3-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

/** A download of 300 pictures into a store, not begun. */
async function toStore(latencyMs: number, ...flags: readonly string[]) {
  const gateway = await testS3Gateway('versitygw');
  const origin = await testOrigin({ rules: [{ behaviours: [{ kind: 'latency', meanMs: latencyMs }] }] });
  const folder = await tempFolder();
  const env = { ...gateway.env(), TMPDIR: folder };
  const url = `s3://${gateway.bucket}/data/pictures`;
  await writeFile(join(folder, 'm.csv'), csv);
  const shape = ['--shard-size', String(SHARD_ROWS), '--connect-to', origin.connectTo, '--progress', 'off'];
  const download = ['download', join(folder, 'm.csv'), '-o', url, ...shape, ...flags];
  const run = (...args: readonly string[]): Promise<CliResult> => runCli(args, { env });
  const asked = (): number => origin.stats().get('a.test')?.requests ?? 0;
  return { gateway, url, env, download, run, asked, store: await openStore(gateway.env(), url) };
}

async function openStore(env: Readonly<Record<string, string>>, url: string): Promise<ObjectStore> {
  Object.assign(process.env, env);
  const store = await openObjectStore(url);
  onTestFinished(() => store.close());
  return store;
}

/** As a killed run leaves it. */
async function beginUpload(store: ObjectStore, key: string): Promise<void> {
  const upload = store.upload(key);
  await upload.write([Buffer.alloc(6 << 20)]);
  await upload.close();
}

function codesIn({ stdout }: CliResult): string[] {
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return findings.map(({ code, where }) => `${code} ${where}`).sort();
}

describeS3('repair of a dataset in a store', () => {
  it.each<[string, ...string[]]>([
    ['shards', '--create-tar'],
    ['loose files', '--no-create-tar'],
  ])('of %s fetches the units again that are damaged, and those alone', async (_name, ...flags) => {
    const { url, download, run, asked, store, gateway } = await toStore(5, ...flags);
    expect((await run(...download)).code).toBe(0);
    const isLoose = flags.includes('--no-create-tar');
    const tables = isLoose ? store.beside('.flow-dc') : store;
    const table = (await tables.read('000002.parquet')) as Uint8Array;
    await tables.put('000002.parquet', table.subarray(0, table.length - 10));
    await tables.remove(['000004.stats.json']);
    const found = codesIn(await run('verify', url, '--json'));
    expect(found).toEqual(
      expect.arrayContaining(['artifact_damaged 000002.parquet', 'artifact_missing 000004.stats.json']),
    );
    const before = asked();
    const repaired = await run('repair', url);
    expect(repaired.stderr).toContain('2 of 6 units are taken again');
    expect(repaired.code, repaired.stderr).toBe(0);
    expect(asked() - before).toBe(2 * SHARD_ROWS);
    expect(await run('verify', url)).toMatchObject({ code: 0, stdout: '' });
    expect(await gateway.openUploads()).toEqual([]);
    expect((await run('repair', url)).stderr).toContain('nothing to repair');
  });

  it('removes uploads that nobody finished, which verify lists, and leaves those of others alone', async () => {
    const { url, download, run, asked, store, gateway } = await toStore(5);
    expect((await run(...download)).code).toBe(0);
    await beginUpload(store, '000003.tar');
    await beginUpload(store, 'somebody-elses.bin');
    const verified = await run('verify', url, '--json');
    expect(verified.code).toBe(3);
    expect(codesIn(verified)).toEqual(['upload_unfinished 000003.tar']);
    const before = asked();
    const repaired = await run('repair', url);
    expect(repaired.code, repaired.stderr).toBe(0);
    expect(asked()).toBe(before);
    expect((await gateway.openUploads()).map(({ key }) => key)).toEqual(['data/pictures/somebody-elses.bin']);
    expect(await run('verify', url)).toMatchObject({ code: 0, stdout: '' });
  });

  it('finishes one whose run was killed; until then verify says what is left open', async () => {
    const { url, download, run, env, gateway } = await toStore(80, '--law', 'fixed', '--per-host-concurrency', '4');
    const killed = startCli([...download, '--log-file', join(env.TMPDIR, 'log')], { env });
    for (let units = 0; units < 1; )
      units =
        (await gateway.objects('data/pictures/.flow-dc/units/')).length ||
        (await new Promise((go) => setTimeout(go, 50, 0)));
    killed.child.kill('SIGKILL');
    await killed.done;
    const open = await gateway.openUploads();
    const verified = await run('verify', url);
    expect(verified.code).toBe(3);
    expect(verified.stderr).toContain('go on with: flow-dc resume ');
    if (open.length > 0) expect(verified.stderr).toContain('neither finished nor given up: a resume does that');
    const repaired = await run('repair', url);
    expect(repaired.code, repaired.stderr).toBe(0);
    expect(await gateway.openUploads()).toEqual([]);
    expect(await run('verify', url)).toMatchObject({ code: 0, stdout: '' });
  });
});
