import type * as fs from 'node:fs/promises';
import { cp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { verifyDataset } from '../../../src/dataset/verify/verify-dataset.ts';
import { readJob } from '../../../src/job/job-folder.ts';
import { createLocalCommitter } from '../../../src/job/local-committer.ts';
import { markRemoval, REMOVAL_FILE } from '../../../src/job/removal-mark.ts';
import { folderRemoval } from '../../../src/job/removal-place.ts';
import { finishRemoval } from '../../../src/job/remove-samples.ts';
import { addRemoved, removedHash, removedUrl } from '../../../src/job/removed-urls.ts';
import { folderState } from '../../../src/job/state-files.ts';
import { runJob } from '../../../src/run/run-job.ts';
import { changingImage, changingOrigin } from '../../support/changing-origin.ts';
import { isSoak, SEED } from '../../support/seeds.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** How many calls that change the disk are left until the process is dead, and makes none any more. */
const life = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  const mortal = <F extends (...given: never[]) => Promise<unknown>>(call: F): F =>
    ((...given) => {
      if (life.left <= 0) return Promise.reject(new Error('dead'));
      life.left -= 1;
      return call(...given);
    }) as F;
  const open: typeof real.open = async (...given) => {
    const handle = await mortal(real.open)(...given);
    for (const name of ['sync', 'writev', 'appendFile', 'writeFile'] as const)
      Object.defineProperty(handle, name, { value: mortal((handle[name] as never as typeof real.rm).bind(handle)) });
    return handle;
  };
  const { rename, rm, mkdir, rmdir } = real;
  return { ...real, open, rename: mortal(rename), rm: mortal(rm), mkdir: mortal(mkdir), rmdir: mortal(rmdir) };
});

/** A removal makes some seventy calls. */
const STRIDE = 13;
const urls = Array.from({ length: 9 }, (_, i) => `tags.test/${i}.jpg`);
/** Three of them in two of the three shards, one shard without any left in its middle. */
const GONE = [1, 3, 4];

async function dataset(settings: Readonly<Record<string, unknown>>) {
  const origin = await changingOrigin();
  const folder = await tempFolder();
  await writeFile(join(folder, 'm.csv'), `url,label\n${urls.map((url, i) => `http://${url},l${i % 2}`).join('\n')}\n`);
  const config = {
    input: [join(folder, 'm.csv')],
    output: join(folder, 'out'),
    shard_size: 3,
    law: 'fixed',
    threads: 1,
    ...{ connect_to: [origin.connectTo], ...settings },
  };
  await runJob(resolveConfig(config as never, 'download'));
  return { folder, config };
}

async function filesIn(folder: string): Promise<Buffer[]> {
  const names = await readdir(folder, { recursive: true });
  const paths = names.filter((name) => /out(\.flow-dc)?\//.test(name)).map((name) => join(folder, name));
  const files = await Promise.all(paths.map(async (path) => ((await stat(path)).isFile() ? path : '')));
  return Promise.all(files.filter((path) => path !== '').map((path) => readFile(path)));
}

const FORMS = [
  ['webdataset shards', {}],
  ['packed shards', { compress_tar: true }],
  ['parquet files', { output_format: 'parquet' }],
  ["shards with img2dataset's names", { compat: 'img2dataset' }],
  ['loose files', { output_format: 'imagefolder', create_tar: false }],
] as const;

describe.each(FORMS)('a removal from %s', (_, settings) => {
  it('that is cut short at any call is finished by whoever comes next, and leaves nothing of a sample', async () => {
    const { folder: source } = await dataset(settings);
    let cuts = 0;
    // The soak looks at every call.
    for (let calls = isSoak ? 0 : SEED % STRIDE; ; calls += isSoak ? 1 : STRIDE) {
      const folder = await tempFolder();
      await cp(source, folder, { recursive: true, preserveTimestamps: true });
      const { paths } = await readJob(join(folder, 'out'));
      const committer = createLocalCommitter(paths.state);
      const units = [];
      for await (const { unit } of committer.records()) units.push({ unit, rows: GONE });
      life.left = calls;
      const mark = { id: 'cut', code: 'removed', forget: calls % 2 === 0, units } as const;
      const isWhole = await markRemoval(folderState(paths), mark)
        .then(() => finishRemoval(folderRemoval(paths)))
        .then(
          () => true,
          () => false,
        );
      life.left = Number.POSITIVE_INFINITY;
      if (!isWhole) cuts += 1;
      const isBegun = (await stat(join(paths.state, REMOVAL_FILE)).catch(() => undefined)) !== undefined;
      await finishRemoval(folderRemoval(paths));
      let stored = 0;
      for await (const record of committer.records()) stored += record.stored;
      // The mark goes last, and may be gone before that is known to last.
      const isDone = isWhole || isBegun || (calls > STRIDE && stored < urls.length);
      expect(stored, `after ${calls} calls`).toBe(isDone ? urls.length - GONE.length : urls.length);
      const findings = await verifyDataset(paths.output, { readRecords: (onDamaged) => committer.records(onDamaged) });
      expect(
        findings.filter(({ code }) => code !== 'stray' || isDone),
        `after ${calls} calls`,
      ).toEqual([]);
      if (isDone && !('compress_tar' in settings)) {
        const all = Buffer.concat(await filesIn(folder));
        for (const [i, url] of urls.entries())
          expect(all.includes(changingImage(url, 1)), `${url} after ${calls} calls`).toBe(!GONE.includes(i));
      }
      if (isWhole) break;
    }
    expect(cuts).toBeGreaterThan(3);
  });
});

it('counts no more once --overwrite begins a new dataset', async () => {
  const { config } = await dataset({});
  const { paths } = await readJob(config.output);
  await addRemoved(folderState(paths), [removedHash(removedUrl(`http://${urls[0]}`))]);
  await runJob(resolveConfig({ ...config, overwrite: true } as never, 'download'));
  let stored = 0;
  for await (const record of createLocalCommitter(paths.state).records()) stored += record.stored;
  expect(stored).toBe(urls.length);
});
