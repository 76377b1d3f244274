import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { acquireLock, type LockHolder, processStart } from '../../../src/job/lock.ts';

let folder: string;
let lockFile: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flow-dc-lock-'));
  lockFile = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A process of this host that is alive for as long as the test runs: our own. */
const live: LockHolder = { pid: process.pid, hostname: hostname(), startedAtMs: Date.UTC(2026, 0, 1), nonce: 'other' };

async function leaveLock(changes: Partial<LockHolder>): Promise<void> {
  await writeFile(lockFile, JSON.stringify({ ...live, ...changes }));
}

describe('acquireLock', () => {
  it('says who holds the lock', async () => {
    const lock = await acquireLock(lockFile);
    const written = JSON.parse(await readFile(lockFile, 'utf8'));
    expect(written).toEqual(lock.holder);
    expect(written).toMatchObject({ pid: process.pid, hostname: hostname() });
    await lock.release();
  });

  it('is refused while the holder runs, naming process, host and the file', async () => {
    const lock = await acquireLock(lockFile);
    const refused = expect(acquireLock(lockFile)).rejects;
    await refused.toMatchObject({
      code: 'FDC_ERR_JOB_LOCKED',
      message: expect.stringContaining(`process ${process.pid} on host ${hostname()}`),
    });
    await expect(acquireLock(lockFile)).rejects.toThrow(lockFile);
    await lock.release();
  });

  it('can be taken again once released, and leaves nothing behind', async () => {
    const lock = await acquireLock(lockFile);
    await lock.release();
    await lock.release();
    await (await acquireLock(lockFile)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('never removes a lock that another holder took meanwhile', async () => {
    const lock = await acquireLock(lockFile);
    await rm(lockFile);
    const other = await acquireLock(lockFile);
    await lock.release();
    expect(JSON.parse(await readFile(lockFile, 'utf8'))).toEqual(other.holder);
    await other.release();
  });

  it('takes over from a process that is gone', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    await leaveLock({ pid: child.pid as number });
    const lock = await acquireLock(lockFile);
    expect(await readdir(folder)).toEqual(['lock']);
    await lock.release();
  });

  it.runIf(processStart(process.pid))('takes over from a process whose pid somebody else has now', async () => {
    await leaveLock({ processStart: 'another-boot/1' });
    await (await acquireLock(lockFile)).release();
  });

  it('holds off for a process on another host, which cannot be seen from here', async () => {
    await leaveLock({ hostname: 'elsewhere.example', pid: 1 });
    await expect(acquireLock(lockFile)).rejects.toThrow('elsewhere.example');
  });

  it.for(['', '{"pid":', 'null', '{"pid":-1,"hostname":"h"}'])(
    'holds off when the lock cannot be read (%j)',
    async (content) => {
      await writeFile(lockFile, content);
      await expect(acquireLock(lockFile)).rejects.toMatchObject({
        code: 'FDC_ERR_JOB_LOCKED',
        message: expect.stringContaining(lockFile),
      });
    },
  );

  it('takes over one stale lock once, however many try', async () => {
    await leaveLock({ pid: 2 ** 22 + 1 });
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(lockFile)));
    const won = tries.filter((attempt) => attempt.status === 'fulfilled');
    expect(won).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['lock']);
    await won[0]?.value.release();
  });

  it('goes on when a process died while it cleared a stale lock', async () => {
    await leaveLock({ pid: 2 ** 22 + 1 });
    await writeFile(`${lockFile}.takeover`, JSON.stringify({ ...live, pid: 2 ** 22 + 2 }));
    const lock = await acquireLock(lockFile);
    expect(await readdir(folder)).toEqual(['lock']);
    await lock.release();
  });
});

describe('a lock between processes', () => {
  it('goes to one of two that start together, and is free after a SIGKILL', { timeout: 60_000 }, async () => {
    const children = [holdLock(), holdLock()];
    const answers = await Promise.all(children.map(firstLine));
    expect(answers.sort()).toEqual(['FDC_ERR_JOB_LOCKED', 'held']);
    await expect(acquireLock(lockFile)).rejects.toMatchObject({ code: 'FDC_ERR_JOB_LOCKED' });
    await Promise.all(children.map(kill));
    await (await acquireLock(lockFile)).release();
  });

  it('is given back by a process that ends without closing the job', { timeout: 60_000 }, async () => {
    const child = holdLock();
    expect(await firstLine(child)).toBe('held');
    child.stdin?.end();
    await once(child, 'exit');
    expect(await readdir(folder)).toEqual([]);
  });
});

function holdLock(): ChildProcess {
  const script = fileURLToPath(new URL('./fixtures/hold-lock.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, lockFile], { stdio: ['pipe', 'pipe', 'inherit'] });
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
