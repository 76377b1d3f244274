import { describe, expect, it } from 'vitest';
import { stageSettings } from '../../../../../src/config/stage-settings.ts';
import type { FetchOptions, HostRule } from '../../../../../src/config/types.ts';
import type { HostLimits } from '../../../../../src/host-limits.ts';
import type { Limit } from '../../../../../src/paarc/limit.ts';
import { createLimits } from '../../../../../src/stages/fetch/schedule/create-limits.ts';
import { HostProfiles } from '../../../../../src/stages/fetch/schedule/host-profiles.ts';
import { VirtualClock } from '../../../../support/virtual-clock.ts';

function limitsOf(options: FetchOptions = {}): { limits: HostLimits; profiles: HostProfiles; clock: VirtualClock } {
  const clock = new VirtualClock();
  const profiles = new HostProfiles(clock);
  const limits = createLimits(stageSettings('fetch', options), stageSettings('paarc', {}), {
    clock,
    random: () => 0.5,
    profiles,
  });
  return { limits, profiles, clock };
}

/** `requests` one after the other, each answered after 10 ms. */
async function visit(limit: Limit, clock: VirtualClock, requests: number): Promise<void> {
  for (let request = 0; request < requests; request += 1) {
    const token = limit.onSend(clock.nowMs(), 1);
    await clock.advance(10);
    limit.onResult(token, { kind: 'ok', headersMs: 5, serviceMs: 10, bytes: 1 }, clock.nowMs());
    limit.tick(clock.nowMs(), { inFlight: 1, waiting: 0, eventLoopUtilization: 0, clientLimited: 0 });
  }
}

const never = (): void => {};

const known = { concurrency: 64, p50Ms: 10, p95Ms: 13 };

describe('a limit that is retired', () => {
  it('leaves what it has learned to the next one of its host', async () => {
    const { limits, profiles, clock } = limitsOf();
    const limit = limits.create('a.example', {}, never);
    await visit(limit, clock, 40);
    limits.retire('a.example', limit);
    expect(profiles.snapshotOf('a.example')).toMatchObject({ p50Ms: 10, p95Ms: 13 });
    // Known latency paces the first wave; a stranger has no pace yet.
    expect(limits.create('a.example', {}, never).spacingMs).toBeGreaterThan(0);
    expect(limits.create('b.test', {}, never).spacingMs).toBe(0);
  });

  it('does so under a rate of the user too', async () => {
    const { limits, profiles, clock } = limitsOf();
    const limit = limits.create('a.example', { requestsPerSecond: 5 }, never);
    await visit(limit, clock, 40);
    limits.retire('a.example', limit);
    expect(profiles.size).toBe(1);
  });

  it('after too few rows leaves nothing', async () => {
    const { limits, profiles, clock } = limitsOf();
    const limit = limits.create('a.example', {}, never);
    await visit(limit, clock, 3);
    limits.retire('a.example', limit);
    expect(profiles.size).toBe(0);
  });

  it('never passes a guess on as a measurement', async () => {
    const { limits, profiles, clock } = limitsOf();
    profiles.remember('known.a.example', known);
    const limit = limits.create('new.a.example', {}, never);
    expect(limit.permits).toBe(32);
    await visit(limit, clock, 2);
    limits.retire('new.a.example', limit);
    expect([...profiles].map(({ host }) => host)).toEqual(['known.a.example']);
  });

  it('does not make a profile younger that it added nothing to', async () => {
    const { limits, profiles, clock } = limitsOf();
    profiles.remember('a.example', known);
    const [{ atMs } = { atMs: -1 }] = profiles;
    await clock.advance(60_000);
    limits.retire('a.example', limits.create('a.example', {}, never));
    expect([...profiles]).toEqual([{ host: 'a.example', atMs, ...known }]);
  });

  it('does not shrink a host by visits too short to fill it', async () => {
    const { limits, profiles, clock } = limitsOf();
    profiles.remember('a.example', known);
    for (let visits = 0; visits < 5; visits += 1) {
      const limit = limits.create('a.example', {}, never);
      await visit(limit, clock, 200);
      limits.retire('a.example', limit);
    }
    expect(profiles.snapshotOf('a.example')?.concurrency).toBe(64);
  });
});

describe.each<[string, FetchOptions]>([
  ['fixed', { law: 'fixed' }],
  ['original', { law: 'original' }],
  ['off', { enablePaarc: false }],
])('with the law %s', (_law, options) => {
  it('nothing is known of a host before, and nothing kept', async () => {
    const { limits, profiles, clock } = limitsOf(options);
    profiles.remember('a.example', known);
    const rule: HostRule = { cMax: 3 };
    const limit = limits.create('a.example', rule, never);
    expect(limit.permits).toBeLessThanOrEqual(3);
    await visit(limit, clock, 200);
    limits.retire('a.example', limit);
    expect(profiles.snapshotOf('a.example')).toMatchObject(known);
  });
});
