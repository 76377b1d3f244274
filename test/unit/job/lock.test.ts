import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '../../../src/job/lock.ts';
import { type LockHolder, processStart } from '../../../src/job/lock-holder.ts';

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
