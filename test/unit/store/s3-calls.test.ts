import type { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { S3Calls, type Sdk } from '../../../src/store/s3/s3-calls.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SLOW_DOWN = { name: 'SlowDown', message: 'Reduce', $metadata: { httpStatusCode: 503 } };
const AWAY = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });

describe('calls to a store', () => {
  it('wait for two minutes for one that is away, and after that nobody waits so long until it answers again', async () => {
    const { clock, failedAfterMs, calls } = setUp();
    expect(await calls.call('s3://b', { what: 'look' }, async () => 'here')).toBe('here');
    const refused = () => Promise.reject(AWAY);
    expect(await failedAfterMs(refused)).toBeGreaterThan(110_000);
    for (let tidied = 0; tidied < 3; tidied += 1) expect(await failedAfterMs(refused)).toBeLessThan(5_000);
    await calls.call('s3://b', { what: 'look' }, async () => 'back');
    await clock.advance(1_000);
    expect(await failedAfterMs(refused)).toBeGreaterThan(110_000);
  });

  it('under way and later ones are tried for five seconds once their run was told to stop', async () => {
    const { clock, failedAfterMs, calls } = setUp();
    await calls.call('s3://b', { what: 'look' }, async () => 'here');
    const slowDown = () => Promise.reject(SLOW_DOWN);
    clock.timer(20_000, () => calls.hurry());
    expect(await failedAfterMs(slowDown)).toBeLessThan(26_000);
    expect(await failedAfterMs(slowDown)).toBeLessThan(5_000);
  });

  it('say after a few seconds what they wait for, once until it answers', async () => {
    const { clock, failedAfterMs, calls, waits } = setUp();
    let isAway = true;
    const answer = () => (isAway ? Promise.reject(SLOW_DOWN) : Promise.resolve('here'));
    const answered = Promise.all([1, 2, 3].map(() => calls.call('s3://b/a', { what: 'look' }, answer)));
    await clock.advance(1_000);
    expect(waits).toEqual([]);
    await clock.advance(4_000);
    expect(waits).toEqual(['s3://b/a: the store answers 503 (SlowDown); waiting for it, at most 120 s']);
    isAway = false;
    await clock.advance(10_000);
    await answered;
    await failedAfterMs(() => Promise.reject(AWAY));
    expect(waits[1]).toMatch(/^s3:\/\/b: no answer \(ECONNREFUSED\); waiting for it/);
    expect(waits).toHaveLength(2);
  });

  it('go on waiting for one that answers others', async () => {
    const { clock, failedAfterMs, calls } = setUp();
    const answer = () => calls.call('s3://b', { what: 'look' }, async () => 'here');
    await answer();
    for (const second of [30, 60, 90]) clock.timer(second * 1000, () => void answer());
    const refused = () => Promise.reject(AWAY);
    expect(await failedAfterMs(refused)).toBeGreaterThan(110_000);
    expect(await failedAfterMs(refused)).toBeGreaterThan(110_000);
  });
});

function setUp() {
  const clock = new VirtualClock();
  const place = { bucket: 'b', scheme: 's3' } as const;
  const waits: string[] = [];
  const onWait = (line: string): void => void waits.push(line);
  const calls = new S3Calls({} as Sdk, {} as S3Client, place, { clock, random: () => 0.5, onWait });
  const failedAfterMs = async (send: () => Promise<never>): Promise<number> => {
    const startMs = clock.nowMs();
    let endMs = -1;
    const ended = calls.call('s3://b', { what: 'put a' }, send).catch(() => {
      endMs = clock.nowMs();
    });
    await clock.advance(200_000);
    await ended;
    return endMs - startMs;
  };
  return { clock, calls, failedAfterMs, waits };
}
