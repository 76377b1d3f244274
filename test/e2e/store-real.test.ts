import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { membersOf } from '../support/dataset.ts';
import { writeLaionLike } from '../support/laion-like.ts';
import { describeS3 } from '../support/s3-gateway.ts';
import { localEssence, storeTrial } from '../support/store-trial.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { createTestCa } from '../support/test-ca.ts';

describeS3('a LAION part', () => {
  it('in a store is row by row, and in its shards file by file, what it is on a disk', async () => {
    const folder = await tempFolder();
    const real = process.env.FLOW_DC_MANIFESTS;
    const manifest = join(real ?? folder, real === undefined ? 'like-laion.parquet' : 'laion_10000.parquet');
    if (real === undefined) await writeLaionLike(manifest);
    const ca = createTestCa();
    await writeFile(join(folder, 'ca.pem'), ca.caPem);
    const trial = await storeTrial({
      manifest,
      shardSize: 1000,
      flags: ['--caption-col', 'TEXT', '--ca-file', join(folder, 'ca.pem')],
      origin: { tls: ca.tls, meanBytes: 5000, rules: [] },
    });
    const result = await trial.run(trial.download());
    expect(result.code, result.stderr).toBe(0);
    const local = await localEssence(trial);
    expect(local).toHaveLength(10_000);
    expect(await trial.essence()).toEqual(local);
    const plain = (members: Awaited<ReturnType<typeof membersOf>>) =>
      members.map(({ shard, name, sha256 }) => `${shard} ${name} ${sha256}`).sort();
    expect(plain(await membersOf(await trial.copy()))).toEqual(plain(await membersOf(join(trial.folder, 'local'))));
    expect(await trial.run(['verify', trial.out, '--input', manifest])).toMatchObject({ code: 0, stdout: '' });
    await trial.expectClean();
  });
});
