import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openObjectStore } from '../../src/store/s3/open-object-store.ts';
import { changingImage, changingOrigin } from '../support/changing-origin.ts';
import { type CliResult, runCli } from '../support/run-cli.ts';
import { describeS3, testS3Gateway } from '../support/s3-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';

const urls = Array.from({ length: 8 }, (_, i) => `tags.test/${i}.jpg`);

/** A dataset of two shards in a store. */
async function stored() {
  const gateway = await testS3Gateway('versitygw');
  const origin = await changingOrigin();
  const folder = await tempFolder();
  const env = { ...gateway.env(), TMPDIR: folder };
  const url = `s3://${gateway.bucket}/data/pictures`;
  await writeFile(join(folder, 'm.csv'), `url\n${urls.map((one) => `http://${one}`).join('\n')}\n`);
  const run = (...args: readonly string[]): Promise<CliResult> => runCli(args, { env });
  const shape = ['--shard-size', '4', '--connect-to', origin.connectTo, '--progress', 'off', '--law', 'fixed'];
  const first = await run('download', join(folder, 'm.csv'), '-o', url, ...shape);
  expect(first.code, first.stderr).toBe(0);
  origin.asked.length = 0;
  const everything = async (): Promise<Buffer> => {
    const found = await gateway.objects('data/pictures/');
    return Buffer.concat(await Promise.all(found.map(({ key }) => gateway.read(key))));
  };
  Object.assign(process.env, gateway.env());
  const store = await openObjectStore(url);
  onTestFinished(() => store.close());
  return { origin, folder, url, run, store, everything };
}

describeS3('samples of a dataset in a store', () => {
  it('are taken out for good: no later run brings them back', async () => {
    const { origin, folder, url, run, store, everything } = await stored();
    await writeFile(join(folder, 'gone.txt'), `http://${urls[1]}\n`);
    const removed = await run('remove', url, '--urls', join(folder, 'gone.txt'));
    expect(removed.code, removed.stderr).toBe(0);
    expect(removed.stderr).toContain(`remove: done; flow-dc verify ${url} reads all of it back`);
    expect(origin.asked).toEqual([]);
    expect(await run('verify', url)).toMatchObject({ code: 0, stdout: '' });
    const all = await everything();
    expect(urls.map((one) => all.includes(changingImage(one, 1)))).toEqual(urls.map((_, i) => i !== 1));
    // A shard that is fetched anew, by one thread or by several, comes without that sample.
    for (const threads of ['1', '2']) {
      await store.remove(['000000.parquet']);
      origin.asked.length = 0;
      const repaired = await run('repair', url, '--threads', threads);
      expect(repaired.code, repaired.stderr).toBe(0);
      expect([...origin.asked].sort()).toEqual([urls[0], urls[2], urls[3]]);
    }
  });

  it('are replaced where their files have changed', async () => {
    const { origin, url, run, everything } = await stored();
    origin.versions.set(urls[2] as string, 2);
    const refreshed = await run('refresh', url, '--apply');
    expect(refreshed.code, refreshed.stderr).toBe(0);
    expect(refreshed.stderr).toContain('refresh: 1 sample has left its shard');
    expect(await run('verify', url)).toMatchObject({ code: 0, stdout: '' });
    const all = await everything();
    expect(all.includes(changingImage(urls[2] as string, 2))).toBe(true);
    expect(all.includes(changingImage(urls[2] as string, 1))).toBe(false);
  });
});
