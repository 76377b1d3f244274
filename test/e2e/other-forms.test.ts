import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { sampleOffsets } from '../../src/dataset/removal/thinned-tar.ts';
import { outcomesOf } from '../support/dataset.ts';
import { finished, flipByte, verify } from '../support/finished-dataset.ts';
import { runCli } from '../support/run-cli.ts';

it("a dataset with img2dataset's names is verified, mended, and remembered from its stats, as one with ours", async () => {
  const { out, state, since } = await finished('--compat', 'img2dataset');
  expect((await stat(join(out, '00005_stats.json'))).isFile()).toBe(true);
  await rm(join(state, 'units'), { recursive: true });
  const resumed = await runCli(['resume', out, '--progress', 'off']);
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(since()).toBe(0);
  await flipByte(join(out, '00001.tar'), 3000);
  expect((await verify(out)).stdout).toContain('sample_damaged: 00001.tar: 000010000.jpg');
  const repaired = await runCli(['repair', out, '--progress', 'off']);
  expect(repaired.code, repaired.stderr).toBe(0);
  expect(since()).toBe(1);
  expect(await verify(out)).toMatchObject({ code: 0, stdout: '' });
});

it.for([
  ["img2dataset's names", ['--compat', 'img2dataset'], '00001.parquet'],
  ['parquet files', ['--output-format', 'parquet'], '000001.parquet'],
] as const)('a sample is taken out of %s, and what stays is what it was', async ([, flags, table]) => {
  const { out, since } = await finished(...flags);
  const [url, list] = ['http://a.test/p/60.jpg', join(out, '..', 'urls.txt')];
  await writeFile(list, url);
  const removed = await runCli(['remove', out, '--urls', list, '--progress', 'off']);
  expect(removed.code, removed.stderr).toBe(0);
  expect(await verify(out)).toMatchObject({ code: 0, stdout: '' });
  expect(await readFile(join(out, 'README.md'), 'utf8')).toContain('| removed | 1 | no |');
  const gone = async () =>
    (await outcomesOf(out)).filter((row) => (row.code ?? row.flow_dc_code) === 'removed').map((row) => row.url);
  expect(await gone()).toEqual([url]);
  // Nor does a repair bring it back.
  await rm(join(out, table));
  expect((await runCli(['repair', out, '--progress', 'off'])).code).toBe(0);
  expect(since()).toBe(49);
  expect(await gone()).toEqual([url]);
});

it('the index beside a tar is right also when a sample was taken out, and what its loader adds is no stray', async () => {
  const { out } = await finished('--energon');
  const index = async (): Promise<number[]> => {
    const bytes = await readFile(join(out, '000001.tar.idx'));
    return Array.from({ length: bytes.length / 8 }, (_, at) => Number(bytes.readBigUInt64LE(at * 8)));
  };
  const whole = await index();
  await writeFile(join(out, '.nv-meta', 'index.sqlite'), '');
  await writeFile(join(out, 'urls.txt'), 'http://a.test/p/60.jpg');
  const removed = await runCli(['remove', out, '--urls', join(out, 'urls.txt'), '--progress', 'off']);
  expect(removed.code, removed.stderr).toBe(0);
  await rm(join(out, 'urls.txt'));
  expect(await index()).toEqual(await sampleOffsets(Readable.from([await readFile(join(out, '000001.tar'))])));
  expect(await index()).toHaveLength(whole.length - 1);
  expect(JSON.parse(await readFile(join(out, '.nv-meta', '.info.json'), 'utf8')).shard_counts['000001.tar']).toBe(49);
  expect(await verify(out)).toMatchObject({ code: 0, stdout: '' });
});
