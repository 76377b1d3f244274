import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { RunFolder } from '../../../src/run/run-folder.ts';

it('a folder that others who end remove at the same moment is made all the same', async () => {
  const name = `s3://bucket/run-folder-test-${process.pid}`;
  const oneRun = async (): Promise<void> => {
    for (let round = 0; round < 50; round += 1) {
      const folder = new RunFolder(name);
      await folder.make();
      expect(existsSync(folder.run)).toBe(true);
      await folder.remove(false, false);
    }
  };
  await Promise.all([oneRun(), oneRun(), oneRun(), oneRun()]);
  expect(existsSync(new RunFolder(name).root)).toBe(false);
});
