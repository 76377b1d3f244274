import { describe, expect, it } from 'vitest';
import { priorFrom } from '../../../../../src/paarc/index.ts';
import { HostProfiles } from '../../../../../src/stages/fetch/schedule/host-profiles.ts';

const DAY_MS = 24 * 60 * 60_000;
const seen = (concurrency: number) => ({ concurrency, p50Ms: 10 * concurrency, p95Ms: 20 * concurrency });

function profilesAt(nowMs = 0): { profiles: HostProfiles; at: (ms: number) => void } {
  let wallMs = nowMs;
  const profiles = new HostProfiles({ wallMs: () => wallMs });
  return {
    profiles,
    at: (ms) => {
      wallMs = ms;
    },
  };
}

describe('a host', () => {
  it('starts from what it showed itself, whatever others of its domain did', () => {
    const { profiles } = profilesAt();
    for (let other = 0; other < 20; other += 1) profiles.remember(`h${other}.a.example`, seen(500));
    profiles.remember('own.a.example', seen(8));
    for (let other = 0; other < 20; other += 1) profiles.remember(`i${other}.a.example`, seen(500));
    expect(profiles.snapshotOf('own.a.example')).toMatchObject(seen(8));
  });

  it('that was never met starts from the last 16 of its registrable domain', () => {
    const { profiles } = profilesAt();
    for (let other = 1; other <= 40; other += 1) profiles.remember(`h${other}.shop.example.co.uk`, seen(other));
    profiles.remember('h30.shop.example.co.uk', seen(100));
    const last = [...Array.from({ length: 16 }, (_, at) => 25 + at).filter((other) => other !== 30), 100].map(seen);
    expect(last).toHaveLength(16);
    expect(profiles.snapshotOf('new.example.co.uk:8080')).toEqual(priorFrom(last));
  });

  it('of another domain under the same public suffix is no relative', () => {
    const { profiles } = profilesAt();
    profiles.remember('www.one.co.uk', seen(50));
    expect(profiles.snapshotOf('www.two.co.uk')).toBeUndefined();
  });

  it('that is an address has no relatives', () => {
    const { profiles } = profilesAt();
    for (const host of ['192.0.2.1', '[2001:db8::1]:80', 'localhost']) profiles.remember(host, seen(50));
    for (const host of ['192.0.2.2', '192.0.2.1:81', '[2001:db8::2]', 'localhost:81'])
      expect(profiles.snapshotOf(host)).toBeUndefined();
    expect(profiles.snapshotOf('192.0.2.1')).toMatchObject(seen(50));
  });
});

describe('the memory for hosts', () => {
  it('ends at 50,000: the one not met for longest goes, and its domain with it', () => {
    const { profiles } = profilesAt();
    profiles.remember('www.first.example', seen(9));
    profiles.remember('www.second.example', seen(9));
    for (let host = 0; host < 49_998; host += 1) profiles.remember(`h${host}.example`, seen(9));
    profiles.remember('www.first.example', seen(10));
    expect(profiles.size).toBe(50_000);
    profiles.remember('one-more.example', seen(9));
    expect(profiles.size).toBe(50_000);
    expect(profiles.snapshotOf('www.first.example')).toMatchObject(seen(10));
    expect(profiles.snapshotOf('www.second.example')).toBeUndefined();
    expect(profiles.snapshotOf('img.second.example')).toBeUndefined();
  });

  it('survives a run, without what is older than seven days', () => {
    const before = profilesAt(0);
    before.profiles.remember('old.example', seen(1));
    before.at(1);
    before.profiles.remember('young.example', seen(2));
    const after = profilesAt(7 * DAY_MS + 1);
    after.profiles.restore(before.profiles);
    expect([...after.profiles]).toEqual([{ host: 'young.example', atMs: 1, ...seen(2) }]);
  });

  it('takes a stamp from the future for now, so that it grows old too', () => {
    const { profiles } = profilesAt(5);
    profiles.restore([{ host: 'a.example', atMs: 1e15, ...seen(3) }]);
    expect([...profiles]).toEqual([{ host: 'a.example', atMs: 5, ...seen(3) }]);
  });

  it('keeps the youngest of a file in any order', () => {
    const { profiles } = profilesAt(100);
    profiles.restore([3, 1, 2].map((atMs) => ({ host: `h${atMs}.example`, atMs, ...seen(3) })));
    expect([...profiles].map(({ atMs }) => atMs)).toEqual([1, 2, 3]);
  });
});
