import { describe, expect, it } from 'vitest';
import type { Rule } from '../../../src/demo-hosts/behaviour.ts';
import { httpGet } from '../../support/http-get.ts';
import { testOrigin } from '../../support/test-origin.ts';

describe('a demo host with a gate', () => {
  const over = (rules: readonly Rule[], requests: number) => async () => {
    const origin = await testOrigin({ rules });
    const urls = Array.from({ length: requests }, (_, index) => `http://host.test/${index}.jpg`);
    const results = await Promise.allSettled(urls.map((url) => httpGet(url, { port: origin.port })));
    const replies = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    return { origin, replies, statuses: replies.map((one) => one.status) };
  };

  it('answers 429 beyond the burst of its rate and says when to come back, in seconds', async () => {
    const run = over([{ behaviours: [{ kind: 'rate-limit', requestsPerSecond: 1, burst: 5 }] }], 12);
    const { replies, statuses } = await run();
    expect(statuses.filter((status) => status === 200).length).toBe(5);
    expect(replies.find((one) => one.status === 429)?.headers['retry-after']).toBe('1');
  });

  it('can say when to come back as a date, or not at all', async () => {
    const dated = await over(
      [{ behaviours: [{ kind: 'rate-limit', requestsPerSecond: 1, burst: 1, retryAfter: 'date' }] }],
      2,
    )();
    const value = dated.replies.find((one) => one.status === 429)?.headers['retry-after'] ?? '';
    expect(Date.parse(value) - Date.now()).toBeGreaterThan(0);
    const mute = await over(
      [{ behaviours: [{ kind: 'rate-limit', requestsPerSecond: 1, burst: 1, retryAfter: 'none' }] }],
      2,
    )();
    expect(mute.replies.find((one) => one.status === 429)?.headers['retry-after']).toBeUndefined();
  });

  it('serves as many at a time as it has slots and refuses what its queue cannot hold', async () => {
    const { statuses } = await over([{ behaviours: [{ kind: 'slots', slots: 2, serviceMs: 50, queue: 3 }] }], 10)();
    expect(statuses.filter((status) => status === 200).length).toBe(5);
    expect(statuses.filter((status) => status === 503).length).toBe(5);
  });

  it('resets connections beyond its cap', async () => {
    const { replies } = await over(
      [
        {
          behaviours: [
            { kind: 'connection-cap', connections: 3 },
            { kind: 'latency', meanMs: 100 },
          ],
        },
      ],
      8,
    )();
    expect(replies.length).toBe(3);
  });

  it('answers 503 for the time of its outage only', async () => {
    const { port } = await testOrigin({
      rules: [{ behaviours: [{ kind: 'outage', startMs: 0, endMs: 300, retryAfterSec: 1 }] }],
    });
    const during = await httpGet('http://host.test/a.jpg', { port });
    expect([during.status, during.headers['retry-after']]).toEqual([503, '1']);
    await expect
      .poll(async () => (await httpGet('http://host.test/a.jpg', { port })).status, { timeout: 2000 })
      .toBe(200);
  });

  it('has a gate of its own, whatever other hosts have', async () => {
    const { port } = await testOrigin({
      rules: [{ host: '*.slow.test', behaviours: [{ kind: 'rate-limit', requestsPerSecond: 1, burst: 1 }] }],
    });
    const status = async (host: string) => (await httpGet(`http://${host}/a.jpg`, { port })).status;
    expect(await status('a.slow.test')).toBe(200);
    expect(await status('b.slow.test')).toBe(200);
    expect(await status('a.slow.test')).toBe(429);
    expect(await status('fast.test')).toBe(200);
  });
});
