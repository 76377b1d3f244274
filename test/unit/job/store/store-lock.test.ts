import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { processStart } from '../../../../src/job/lock-holder.ts';
import { acquireStoreLock } from '../../../../src/job/store/store-lock.ts';
import { MemoryBucket } from '../../../support/memory-store.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const STATE = 'a/.flow-dc';

function setUp() {
  const clock = new VirtualClock();
  const bucket = new MemoryBucket();
  bucket.nowMs = () => clock.wallMs();
  const state = bucket.store(STATE);
  const lost: Error[] = [];
  const options = { clock, onLost: (error: Error) => void lost.push(error) };
  const hold = async (changes: object): Promise<void> => {
    const holder = { pid: 1, hostname: 'elsewhere', startedAtMs: 0, nonce: 'other', ...changes };
    await state.put('lock', JSON.stringify(holder));
  };
  return { clock, bucket, state, lost, options, hold };
}

describe('the lock of a job in a store', () => {
  it('is refused while its holder writes it, with process, host and what to do', async () => {
    const { state, options, hold } = setUp();
    await hold({ pid: 7 });
    const refused = acquireStoreLock(state, options);
    await expect(refused).rejects.toMatchObject({ code: 'FDC_ERR_JOB_LOCKED' });
    await expect(refused).rejects.toThrow(/process 7 on host elsewhere.*90 s after its last sign of life/);
  });

  it.each([8.64e18, Number.NaN, -1e300, 'soon'])(
    'names a holder whose time is none (%s) without it',
    async (startedAtMs) => {
      const { state, options, hold } = setUp();
      await hold({ pid: 7, startedAtMs });
      await expect(acquireStoreLock(state, options)).rejects.toMatchObject({
        code: 'FDC_ERR_JOB_LOCKED',
        message: expect.stringMatching(/process 7 on host elsewhere: wait/),
      });
    },
  );

  it('is held for as long as its holder lives, however long that is, and gone without a trace afterwards', async () => {
    const { clock, bucket, state, options } = setUp();
    const lock = await acquireStoreLock(state, options);
    await clock.advance(3_600_000);
    await expect(acquireStoreLock(state, options)).rejects.toMatchObject({ code: 'FDC_ERR_JOB_LOCKED' });
    await lock.release();
    await lock.release();
    expect(bucket.keys).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('is taken over from a holder that was silent for 90 s by the clock of the store, whatever the machines say', async () => {
    const { clock, bucket, state, options, hold } = setUp();
    await hold({ startedAtMs: Date.UTC(2036, 0, 1) });
    await clock.advance(80_000);
    await expect(acquireStoreLock(state, options)).rejects.toMatchObject({ code: 'FDC_ERR_JOB_LOCKED' });
    await clock.advance(11_000);
    const lock = await acquireStoreLock(state, options);
    await lock.release();
    expect(bucket.keys).toEqual([]);
  });

  it('is taken over at once from a process of this machine that has ended', async () => {
    const { state, options, hold } = setUp();
    await hold({ pid: process.pid, hostname: hostname(), processStart: 'another-boot/1' });
    const lock = await acquireStoreLock(state, options);
    await lock.release();
  });

  it.runIf(processStart(process.pid))('is not taken from a namesake on another machine', async () => {
    const { state, options, hold } = setUp();
    await hold({ pid: 1_000_000_000, hostname: hostname(), pidSpace: 'another-boot/pid:[1]' });
    await expect(acquireStoreLock(state, options)).rejects.toMatchObject({ code: 'FDC_ERR_JOB_LOCKED' });
  });

  it('goes to one of many that find it stale', async () => {
    const { clock, state, options, hold } = setUp();
    await hold({});
    await clock.advance(100_000);
    const tries = Promise.allSettled(Array.from({ length: 6 }, () => acquireStoreLock(state, options)));
    await clock.advance(10_000);
    expect((await tries).filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('is not held up by a guard that a killed process left', async () => {
    const { clock, state, options, hold } = setUp();
    await hold({});
    await state.put('lock.takeover', JSON.stringify({ pid: 2, hostname: 'elsewhere', nonce: 'guard' }));
    await clock.advance(100_000);
    const waits: string[] = [];
    const taken = acquireStoreLock(state, { ...options, onWait: (line) => waits.push(line) });
    await clock.advance(3_000);
    expect(waits).toEqual([
      's3://bucket/a/.flow-dc/lock.takeover: another process begins here; waiting, 30 s if it was killed',
    ]);
    await clock.advance(60_000);
    expect(waits).toHaveLength(1);
    await (await taken).release();
  });

  it('tells its holder when somebody else has taken over, who decides nothing from then on', async () => {
    const { clock, state, lost, options, hold } = setUp();
    const lock = await acquireStoreLock(state, options);
    await hold({ pid: 9 });
    await clock.advance(20_000);
    expect(lost).toHaveLength(1);
    expect(lost[0]?.message).toContain('process 9 on host elsewhere');
    await expect(lock.assertHeld()).rejects.toMatchObject({ code: 'FDC_ERR_JOB_LOCKED' });
    await lock.release();
    expect(await state.head('lock')).toBeDefined();
  });

  it('is not thought to be held by somebody who could not write it for a minute, before it is written again', async () => {
    const { clock, bucket, state, lost, options, hold } = setUp();
    const lock = await acquireStoreLock(state, options);
    let isAway = true;
    bucket.onRequest = () => {
      if (isAway) throw new Error('no answer');
    };
    await clock.advance(70_000);
    await expect(lock.assertHeld()).rejects.toThrow('no answer');
    isAway = false;
    await lock.assertHeld();
    expect(lost).toEqual([]);
    isAway = true;
    await clock.advance(120_000);
    isAway = false;
    await hold({ pid: 9 });
    await expect(lock.assertHeld()).rejects.toThrow(/process 9/);
    expect(lost).toHaveLength(1);
  });

  it('has one holder where the store creates nothing atomically and two began at a time', async () => {
    const { clock, bucket, state, options } = setUp();
    bucket.isConditional = false;
    const created: (() => void)[] = [];
    // Both have looked before either has written.
    const racing = bucket.store(STATE);
    racing.create = async (key, content) => {
      await new Promise<void>((resolve) => created.push(resolve));
      await racing.put(key, content);
      return true;
    };
    const tries = Promise.allSettled([acquireStoreLock(racing, options), acquireStoreLock(racing, options)]);
    await clock.advance(0);
    racing.create = state.create.bind(state);
    for (const go of created) go();
    await clock.advance(60_000);
    expect((await tries).filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
