import { execFile } from 'node:child_process';
import { chmod, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/cluster/find-program.ts';
import { runCli } from '../support/run-cli.ts';
import { tempFolder } from '../support/temp-folder.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const has = (name: string): boolean => findProgram([name], process.env.PATH) !== undefined;
const run = promisify(execFile);
const socket = `flow-dc-${process.pid}`;
const tmux = async (...args: string[]): Promise<string> => (await run('tmux', ['-L', socket, ...args])).stdout;
const started: string[] = [];

/** A shell in a terminal, with our completion. */
async function shellIn(shell: 'bash' | 'zsh') {
  const folder = await tempFolder();
  await chmod(MAIN, 0o755);
  await symlink(MAIN, join(folder, 'flow-dc'));
  await writeFile(join(folder, 'm.csv'), 'url,the label\nhttp://a.test/1.jpg,x\n');
  const words = shell === 'bash' ? ['bash', '--norc', '--noprofile', '-i'] : ['zsh', '-f', '-i'];
  const path = `PATH=${folder}:${process.env.PATH}`;
  const size = ['-x', '120', '-y', '30'];
  await tmux('new-session', '-d', '-s', shell, ...size, '-c', folder, 'env', path, 'PS1=> ', 'TERM=xterm', ...words);
  started.push(shell);
  const keys = (...given: string[]): Promise<string> => tmux('send-keys', '-t', shell, ...given);
  const screen = (): Promise<string> => tmux('capture-pane', '-p', '-t', shell);
  const set = shell === 'zsh' ? 'autoload -U compinit; compinit -u -D; ' : '';
  await keys('-l', `${set}eval "$(flow-dc completion ${shell})"; echo re''ady`);
  await keys('Enter');
  await expect.poll(screen, { timeout: 20_000 }).toContain('\nready');
  return {
    /** Types, presses Tab, waits for what is to be there, and takes the line back. */
    completes: async (typed: string, line: string): Promise<void> => {
      await keys('-l', typed);
      await keys('Tab');
      await expect.poll(screen, { timeout: 20_000 }).toContain(`> ${line}`);
      await keys('C-u');
      await expect.poll(screen, { timeout: 20_000 }).not.toContain(`> ${line}`);
    },
  };
}

afterAll(async () => {
  if (started.length > 0) await tmux('kill-server').catch(() => {});
});

describe('completion', () => {
  it.each(['bash', 'zsh'] as const)(
    'in %s knows commands, flags, values and the columns of a manifest',
    async (shell) => {
      if (!has(shell) || !has('tmux')) return;
      const { completes } = await shellIn(shell);
      await completes('flow-dc downl', 'flow-dc download');
      await completes('flow-dc download --captio', 'flow-dc download --caption-col');
      await completes('flow-dc download --law=f', 'flow-dc download --law=fixed');
      await completes('flow-dc download m.csv --label th', 'flow-dc download m.csv --label the\\ label');
      await completes('flow-dc inspect m', 'flow-dc inspect m.csv');
    },
  );

  it('is refused for a shell that it does not know, naming those that it does', async () => {
    expect(await runCli(['completion', 'tcsh'])).toMatchObject({
      code: 2,
      stderr: 'flow-dc: completion: name a shell, one of bash, zsh, fish (FDC_ERR_USAGE)\n',
    });
  });
});
