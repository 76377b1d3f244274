import { describe, expect, it } from 'vitest';
import type { HostLimits } from '../../../src/host-limits.ts';
import { FixedLimit } from '../../../src/paarc/limit.ts';
import { drain, serving, stageFor, summary, until, urlsOf } from './fetching.ts';

describe('a limit that is revoked', () => {
  it('ends what is in flight to its host alone, and its rows are sent again without counting as tried', async () => {
    const origin = await serving({ 'slow.test': [{ kind: 'latency', meanMs: 700, sigma: 0 }] });
    const revokes = new Map<string, () => void>();
    const hostLimits: HostLimits = {
      create: (host, _rule, revoke) => {
        revokes.set(host, revoke);
        return new FixedLimit(4);
      },
      retire: () => {},
    };
    const results = drain(stageFor(origin, { hostLimits, maxAttempts: 1 }), [
      ...urlsOf('slow.test', 6),
      ...urlsOf('other.test', 6),
    ]);
    const slow = (): number => origin.stats().get('slow.test')?.inFlight ?? 0;
    await until(() => slow() === 4);
    revokes.get('slow.test')?.();
    revokes.get('nobody.test')?.();
    await until(() => (origin.stats().get('slow.test')?.requests ?? 0) === 8);
    expect(slow()).toBe(4);
    expect(summary(await results)).toEqual({ 'fetched 1': 12 });
    expect(origin.stats().get('slow.test')?.requests).toBe(10);
    expect(origin.stats().get('other.test')?.requests).toBe(6);
  });
});
