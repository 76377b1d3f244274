/** A job's folder between processes: who may work on it, whose record counts, and what a file system can refuse. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openJob } from '../../../src/job/job-folder.ts';
import { acquireLock } from '../../../src/job/lock.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { makeUnit, recordOf } from '../../support/units.ts';
import { identity } from '../../unit/job/fixtures/identity.ts';

const HOLD_LOCK = new URL('./hold-lock.ts', import.meta.url);
const COMMIT_ONCE = new URL('./commit-once.ts', import.meta.url);

describe('the lock of a job', () => {
  it('goes to one of two processes that start together, and is free after a SIGKILL', async () => {
    const lockFile = join(await tempFolder(), 'lock');
    const children = [start(HOLD_LOCK, lockFile), start(HOLD_LOCK, lockFile)];
    const answers = await Promise.all(children.map(firstLine));
    expect(answers.sort()).toEqual(['FDC_ERR_JOB_LOCKED', 'held']);
    await expect(acquireLock(lockFile)).rejects.toMatchObject({ code: 'FDC_ERR_JOB_LOCKED' });
    await Promise.all(children.map(kill));
    await (await acquireLock(lockFile)).release();
  });

  it('is given back by a process that ends without closing the job', async () => {
    const folder = await tempFolder();
    const child = start(HOLD_LOCK, join(folder, 'lock'));
    expect(await firstLine(child)).toBe('held');
    child.stdin?.end();
    await once(child, 'exit');
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken over from a process that is gone', async () => {
    const folder = await tempFolder();
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const holder = { pid: child.pid, hostname: hostname(), startedAtMs: Date.UTC(2026, 0, 1), nonce: 'other' };
    await writeFile(join(folder, 'lock'), JSON.stringify(holder));
    const lock = await acquireLock(join(folder, 'lock'));
    expect(await readdir(folder)).toEqual(['lock']);
    await lock.release();
  });
});

describe('two processes that commit the same unit', () => {
  it('agree on one winner', async () => {
    const state = await tempFolder();
    const unit = makeUnit([{ url: 'https://h.example/1.jpg' }], { index: 12_345 });
    const records = [recordOf(unit), recordOf(unit)];
    const children = records.map((record) => start(COMMIT_ONCE, state, JSON.stringify(record)));
    const outputs = children.map((child) =>
      createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator](),
    );
    for (const output of outputs) expect((await output.next()).value).toBe('ready');
    for (const child of children) child.stdin?.write('go\n');
    const answers = await Promise.all(
      outputs.map(async (output) => JSON.parse((await output.next()).value) as { won: boolean; token: string }),
    );
    expect(answers.filter((answer) => answer.won)).toHaveLength(1);
    expect(answers[0]?.token).toBe(answers[1]?.token);
    expect(records[answers.findIndex((answer) => answer.won)]?.token).toBe(answers[0]?.token);
  });
});

describe('a job on a file system that is read-only', () => {
  it('is refused with the reason', async ({ skip }) => {
    const out = join(await tempFolder(), 'out');
    await mkdir(out);
    const mounted =
      process.getuid?.() === 0 && spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', out]).status === 0;
    if (!mounted) skip('needs root and the right to mount');
    try {
      const refused = expect(openJob(out, identity)).rejects;
      await refused.toMatchObject({ code: 'FDC_ERR_DEST_UNWRITABLE', message: expect.stringContaining('read-only') });
    } finally {
      spawnSync('umount', [out]);
    }
  });
});

/** Start a program with these arguments; it ends with the test. */
function start(program: URL, ...args: readonly string[]): ChildProcess {
  const command = ['--import', 'tsx', fileURLToPath(program), ...args];
  const child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => kill(child));
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  return (await lines[Symbol.asyncIterator]().next()).value;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
