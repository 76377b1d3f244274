import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
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
