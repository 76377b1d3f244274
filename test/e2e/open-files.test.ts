import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { outcomesOf } from '../support/dataset.ts';
import { type CliResult, runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { testOrigin } from '../support/test-origin.ts';

const ROWS = 900;

/** Download from `hosts` hosts with a limit of open files. */
async function downloadWith(
  openFiles: number,
  { hosts = 200, flags = [] as string[], env = {} as Record<string, string> } = {},
): Promise<CliResult & { readonly out: string }> {
  const folder = await tempFolder();
  const origin = await testOrigin({
    meanBytes: 2000,
    rules: [{ behaviours: [{ kind: 'latency', meanMs: 60, sigma: 0.3 }] }],
  });
  const urls = Array.from({ length: ROWS }, (_, at) => `http://h${at % hosts}.test/${at}.jpg`);
  const [input, out] = [join(folder, 'urls.txt'), join(folder, 'out')];
  await writeFile(input, urls.join('\n'));
  const args = ['download', input, '-o', out, '--connect-to', origin.connectTo, '--shard-size', '300', ...flags];
  return { ...(await runCli(args, { openFiles, env })), out };
}

describe('a limit of open files', () => {
  it.each([24, 63])('of %i ends with one line that says what is needed, and nothing is written', async (openFiles) => {
    const { code, stderr, out } = await downloadWith(openFiles);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `flow-dc: download: ${openFiles} open files are allowed, at least 64 are needed: raise it with 'ulimit -n 1024' (FDC_ERR_OPEN_FILES)\n`,
    });
    expect(existsSync(out)).toBe(false);
  });

  it.each([64, 96, 128, 256, 1024])('of %i gives every row, with as many downloads at once as it allows', async (n) => {
    const { code, stderr, out } = await downloadWith(n);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('open files are allowed');
    expect(stderr).not.toContain('EMFILE');
    expect(stderr).toContain(`${ROWS} of ${ROWS} rows fetched`);
    expect(new Set((await outcomesOf(out)).map(({ attempts }) => attempts))).toEqual(new Set([1]));
  });

  it('that others in the process use up makes it slower, says so once, and blames no host', async () => {
    const hog = join(await tempFolder(), 'hog.mjs');
    await writeFile(
      hog,
      `import { openSync } from 'node:fs';\nif (process.argv[2] === 'download') for (let n = 0; n < 190; n++) openSync('/dev/null');\n`,
    );
    const { code, stderr, out } = await downloadWith(320, { env: { NODE_OPTIONS: `--import ${hog}` } });
    expect(code, stderr).toBe(0);
    expect(stderr.match(/no open file, memory or port left/g)).toHaveLength(1);
    expect(new Set((await outcomesOf(out)).map(({ status, attempts }) => `${status} ${attempts}`))).toEqual(
      new Set(['fetched 1']),
    );
  });

  it('reaches parquet manifests, loose files and the other commands too', async () => {
    const { code, stderr, out } = await downloadWith(64, { flags: ['--no-create-tar'] });
    expect(code, stderr).toBe(0);
    for (const args of [
      ['verify', out],
      ['report', out],
    ])
      expect((await runCli(args, { openFiles: 64 })).code).toBe(0);
  });
});
