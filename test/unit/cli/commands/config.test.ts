import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { configCommand } from '../../../../src/cli/commands/config.ts';

const FLOW_DC = fileURLToPath(new URL('../../config/fixtures/flow-dc-manager.json', import.meta.url));

async function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const io = { stdin: new PassThrough(), stdout, stderr, env: {}, signal: new AbortController().signal };
  const code = await configCommand.run(argv, io);
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

describe('flow-dc config', () => {
  it('check says ok and what becomes of FLOW-DC keys', async () => {
    const { code, stdout } = await run('check', FLOW_DC);
    expect(code).toBe(0);
    expect(stdout).toContain(`${FLOW_DC}: ok\nFLOW-DC keys in this file: 28\n  used       `);
    expect(stdout).toContain('does not set compress_tar');
  });

  it('check lists every problem on stderr and ends with 2', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flow-dc-config-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'bad.json');
    await writeFile(path, '{"ouptut": "x", "mu": 9}');
    const { code, stdout, stderr } = await run('check', path);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      `${path}: unknown key ouptut; did you mean output?\n` +
        `${path}: mu: expected a number above 0 and of at most 1, got 9\n`,
    );
  });

  it('show prints nothing but JSON on stdout, flags laid over the file', async () => {
    const { code, stdout } = await run('show', FLOW_DC, '--c-max', '77', '--keep-thetas');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      C_max: 77,
      theta_50: 1.5,
      timeout_sec: 30,
      url: 'photo',
      output_format: 'imagefolder',
    });
  });

  it('schema prints the JSON Schema', async () => {
    const { stdout } = await run('schema');
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object', additionalProperties: false });
  });

  it('says how it is called when it is called otherwise', async () => {
    await expect(run('chekc', FLOW_DC)).rejects.toMatchObject({ code: 'FDC_ERR_USAGE' });
    await expect(run('show')).rejects.toThrow('show takes one file');
  });

  it('has help', async () => {
    expect((await run('--help')).stdout).toContain('Usage: flow-dc config check FILE');
  });
});
