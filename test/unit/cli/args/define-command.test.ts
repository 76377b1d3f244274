import { PassThrough } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { defineCommand } from '../../../../src/cli/args/define-command.ts';

const work = vi.fn(async () => 7);
const command = defineCommand({
  name: 'verify',
  summary: 'Read a dataset back.',
  usage: 'verify DEST [--json]',
  positionals: { least: 1, most: 1, words: 'one folder: flow-dc verify DEST' },
  run: work,
});

async function run(...argv: string[]): Promise<{ code: number; stdout: string }> {
  work.mockClear();
  const stdout = new PassThrough();
  const io = { stdout, stderr: new PassThrough(), env: {}, signal: new AbortController().signal };
  return { code: await command.run(argv, io), stdout: String(stdout.read() ?? '') };
}

describe('a command', () => {
  it('works with its flags and arguments, and ends with the exit code of its work', async () => {
    expect((await run('ds', '--json')).code).toBe(7);
    expect(work).toHaveBeenCalledWith(
      expect.objectContaining({ config: { json: true }, positionals: ['ds'] }),
      expect.anything(),
    );
  });

  it('says how it is called when help is asked for, and does nothing', async () => {
    const { code, stdout } = await run('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: flow-dc verify DEST [--json]\n\nRead a dataset back.\n');
    expect(work).not.toHaveBeenCalled();
  });

  it.each([[[]], [['a', 'b']]])('refuses the arguments %j where it takes one', async (argv) => {
    await expect(run(...argv)).rejects.toMatchObject({
      code: 'FDC_ERR_USAGE',
      message: 'verify takes one folder: flow-dc verify DEST',
    });
    expect(work).not.toHaveBeenCalled();
  });
});
