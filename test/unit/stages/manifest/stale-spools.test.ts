import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isRunningHere, spoolPrefix, sweepSpools } from '../../../../src/stages/manifest/remote/stale-spools.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

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

  it('is left alone while its process is there', () => {
    expect(isRunningHere(process.pid)).toBe(true);
    expect(isRunningHere(2 ** 22 + 1)).toBe(false);
  });
});
