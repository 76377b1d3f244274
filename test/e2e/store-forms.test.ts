import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openObjectStore } from '../../src/store/s3/open-object-store.ts';
import { csv, SHARD_ROWS } from '../support/finished-dataset.ts';
import { runCli } from '../support/run-cli.ts';
import { describeS3, testS3Gateway } from '../support/s3-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

describeS3('forms that others read, in a store', () => {
  it.for<[string, readonly string[], RegExp, number]>([
    ['parquet files with the pictures in them', ['--output-format', 'parquet'], /data-000001[.]parquet$/, SHARD_ROWS],
    ['shards with what energon looks for', ['--energon'], /[.]nv-meta\/split[.]yaml$/, 0],
    ['shards as img2dataset names them', ['--compat', 'img2dataset'], /00001_stats[.]json$/, SHARD_ROWS],
  ])('%s, by two threads: verified, and mended where one was lost', async ([, flags, lost, fetched]) => {
    const gateway = await testS3Gateway('versitygw');
    const origin = await testOrigin({ rules: [] });
    const folder = await tempFolder();
    const env = { ...gateway.env(), TMPDIR: folder };
    const url = `s3://${gateway.bucket}/data`;
    await writeFile(join(folder, 'm.csv'), csv);
    const shape = ['--shard-size', String(SHARD_ROWS), '--threads', '2', '--progress', 'off'];
    const args = ['download', join(folder, 'm.csv'), '-o', url, ...shape, '--connect-to', origin.connectTo, ...flags];
    const downloaded = await runCli(args, { env });
    expect(downloaded.code, downloaded.stderr).toBe(0);
    const asked = (): number => origin.stats().get('a.test')?.requests ?? 0;
    const before = asked();
    const keys = (await gateway.objects('data/')).map(({ key }) => key);
    Object.assign(process.env, gateway.env());
    const store = await openObjectStore(url);
    onTestFinished(() => store.close());
    await store.remove([(keys.find((key) => lost.test(key)) as string).slice('data/'.length)]);
    expect((await runCli(['verify', url], { env })).code).toBe(3);
    const repaired = await runCli(['repair', url, '--progress', 'off'], { env });
    expect(repaired.code, repaired.stderr).toBe(0);
    expect(asked() - before).toBe(fetched);
    expect(await runCli(['verify', url], { env })).toMatchObject({ code: 0, stdout: '' });
  });
});
