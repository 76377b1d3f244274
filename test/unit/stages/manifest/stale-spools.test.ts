import { mkdir, readdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { spoolChunks } from '../../../../src/stages/manifest/remote/spool.ts';
import { isRunningHere, spoolPrefix, sweepSpools } from '../../../../src/stages/manifest/remote/stale-spools.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

/** Open files, with or without a name, that hold a manifest. */
async function openSpools(): Promise<number> {
  const fds = await readdir('/proc/self/fd');
  const targets = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return targets.filter((target) => target.includes(spoolPrefix(process.pid))).length;
}

describe('a manifest that was downloaded into the temporary folder', () => {
  it('is removed when its process is there no more, and nothing else is', async () => {
    const folder = await tempFolder();
    for (const name of [`${spoolPrefix(77)}ab`, `${spoolPrefix(78)}cd`, 'flow-dc-manifest-abcdef', 'other-77-x']) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'manifest'), 'url');
    }
    await sweepSpools(folder, (pid) => pid === 78);
    expect((await readdir(folder)).sort()).toEqual(['flow-dc-manifest-78-cd', 'flow-dc-manifest-abcdef', 'other-77-x']);
    await sweepSpools(join(folder, 'nowhere'), () => false);
  });

  it.skipIf(process.platform !== 'linux')('leaves no file open when it breaks off', async () => {
    const broken = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from('url');
      throw new Error('cut off');
    };
    const before = await openSpools();
    await expect(spoolChunks('m.csv', broken())).rejects.toThrow('cut off');
    expect(await openSpools()).toBe(before);
  });

  it('is left alone while its process is there', () => {
    expect(isRunningHere(process.pid)).toBe(true);
    expect(isRunningHere(2 ** 22 + 1)).toBe(false);
  });
});
