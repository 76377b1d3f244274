import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Where `ulimit -v` says nothing, there is no such limit. */
describe.skipIf(process.platform !== 'linux')('a limit of address space', () => {
  it.each([
    ['download', 12_000_000],
    ['download', 25_000_000],
    ['inspect', 12_000_000],
  ])('ends %s within %i KiB with one line that says what to do', async (command, addressSpace) => {
    const folder = await tempFolder();
    const [input, out] = [join(folder, 'urls.txt'), join(folder, 'out')];
    await writeFile(input, 'http://h.test/1.jpg');
    const args = command === 'download' ? [command, input, '-o', out] : [command, input];
    const { code, stderr } = await runCli(args, { addressSpace });
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/^flow-dc: .* of address space, .*; .*'ulimit -v unlimited' \(FDC_ERR_MEMORY\)\n$/);
    expect(existsSync(out)).toBe(false);
  });
});
