import { describe, expect, it } from 'vitest';
import { defaultPaarcSettings, type Outcome, PaarcLimit } from '../../../src/paarc/index.ts';
import { freeLoad, ok, UnitHost } from './drive.ts';

const half = (): number => 0.5;
const newLimit = (): PaarcLimit => new PaarcLimit(defaultPaarcSettings, half, 0);
const rate = (retryAfterMs?: number): Outcome => ({ kind: 'rate', serviceMs: 50, retryAfterMs });
const overload: Outcome = { kind: 'overload', serviceMs: 50 };

describe('PaarcLimit', () => {
  it('starts at the initial limit and doubles while the host follows', () => {
    const host = new UnitHost(newLimit(), () => ok(100));
    host.run(2000);
    expect(host.transitions[0]).toMatchObject({
      from: 'init',
      to: 'startup',
      reason: 'baseline known, growing',
      permits: 16,
    });
    expect(host.limit.permits).toBeGreaterThanOrEqual(64);
  });

  it('knows a host no sooner than the first requests have come back, the slow ones too', () => {
    const limit = newLimit();
    const slow = limit.onSend(0, 1);
    const tick = (nowMs: number) => limit.tick(nowMs, { ...freeLoad, inFlight: 1 });
    for (let nowMs = 0; nowMs < 600; nowMs += 20) {
      const fast = limit.onSend(nowMs, 2);
      limit.onResult(fast, ok(20), nowMs + 20);
      expect(tick(nowMs + 20)).toBeUndefined();
    }
    limit.onResult(slow, ok(620), 620);
    expect(tick(640)?.reason).toMatch(/^baseline known/);
  });

  it('says why for every decision it reports', () => {
    const host = new UnitHost(newLimit(), (sentMs) => (sentMs > 3000 && sentMs % 3 === 0 ? overload : ok(100)));
    host.run(6000);
    expect(host.transitions.length).toBeGreaterThan(3);
    for (const transition of host.transitions) expect(transition.reason).not.toBe('');
  });

  it('does not move for one random error', () => {
    const host = new UnitHost(newLimit(), () => ok(100));
    host.run(3000);
    const errorAtMs = host.nowMs + 1;
    host.answer = (sentMs) => (sentMs === errorAtMs ? overload : ok(100));
    host.run(1000);
    expect(host.transitions.some(({ reason }) => reason === 'overload')).toBe(false);
  });

  it('cuts below the number in flight that met refusals, and in proportion', () => {
    // Those above forty are refused, whichever they are.
    const host = new UnitHost(newLimit(), (sentMs, inFlight) =>
      (7919 * sentMs) % inFlight >= 40 ? { kind: 'overload', serviceMs: 20 } : ok(100),
    );
    host.run(6000);
    expect(host.transitions.map(({ to }) => to)).toContain('backoff');
    expect(host.limit.permits).toBeGreaterThan(28);
    expect(host.limit.permits).toBeLessThanOrEqual(41);
  });

  it('sends nothing inside a Retry-After, jittered by the number it is given', () => {
    const host = new UnitHost(newLimit(), () => rate(2000));
    host.run(60);
    expect(host.limit.pauseUntilMs).toBe(50 + 2000 + 0.5 * 100);
    const before = host.sends.length;
    host.run(2000);
    expect(host.sends.length).toBe(before);
    host.run(200);
    expect(host.sends.length).toBeGreaterThan(before);
  });

  it('honours the Retry-After of a 503 as well', () => {
    const limit = newLimit();
    const token = limit.onSend(0, 1);
    limit.onResult(token, { kind: 'overload', serviceMs: 40, retryAfterMs: 3000 }, 40);
    expect(limit.pauseUntilMs).toBeGreaterThanOrEqual(3040);
  });

  it('leaves the limit alone and lowers the rate when a host answers 429', () => {
    const host = new UnitHost(newLimit(), () => ok(100));
    host.run(1500);
    const permits = host.limit.permits;
    const since = host.nowMs;
    host.answer = (sentMs) => (sentMs >= since ? rate() : ok(100));
    host.run(120);
    expect(host.limit.permits).toBeGreaterThanOrEqual(permits);
    expect(host.limit.spacingMs).toBeGreaterThan(1);
    expect(host.transitions.at(-1)).toMatchObject({ to: 'backoff', reason: 'first 429' });
  });

  it('goes silent but for a probe in an outage, and comes back when the host answers', () => {
    const host = new UnitHost(newLimit(), () => ok(100));
    host.run(3000);
    host.answer = () => ({ kind: 'overload', serviceMs: 20 });
    host.run(1500);
    const before = host.sends.length;
    host.run(5000);
    expect(host.sends.length - before).toBeLessThanOrEqual(11);
    host.answer = () => ok(100);
    host.run(3000);
    expect(host.transitions.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['outage', 'outage over']));
    expect(host.limit.permits).toBeGreaterThan(32);
  });

  it('learns nothing from rounds that too few URLs left empty', () => {
    const host = new UnitHost(newLimit(), () => ok(100));
    host.run(450);
    const permits = host.limit.permits;
    for (let second = 0; second < 100; second++) {
      host.supply = 2;
      host.run(100);
    }
    expect(host.limit.permits).toBe(permits);
  });

  it('does not grow while our own event loop is the narrow place, and returns to its limit afterwards', () => {
    const host = new UnitHost(newLimit(), () => ok(100));
    host.run(1500);
    const permits = host.limit.permits;
    host.load = { ...freeLoad, eventLoopUtilization: 0.97 };
    host.run(5000);
    expect(host.limit.permits).toBeLessThanOrEqual(permits);
    host.load = freeLoad;
    host.run(1500);
    expect(host.limit.permits).toBeGreaterThanOrEqual(permits);
  });

  it('uses 0.98 of a rate that somebody has set, and no more however quick the host is', () => {
    const known = { ...defaultPaarcSettings, maxRequestsPerSecond: 50 };
    const host = new UnitHost(new PaarcLimit(known, half, 0), () => ok(20));
    host.run(20_000);
    expect(host.sends.length).toBeGreaterThan(0.94 * 20 * 50);
    expect(host.sends.length).toBeLessThan(0.99 * 20 * 50);
    const none = { ...defaultPaarcSettings, maxRequestsPerSecond: 0 };
    expect(() => new PaarcLimit(none, half, 0)).toThrow(/maxRequestsPerSecond: expected a number above 0/);
  });

  it('asks for no tick while nothing is in flight', () => {
    const host = new UnitHost(newLimit(), () => ok(100));
    host.run(1000);
    host.supply = 0;
    host.run(400);
    expect(host.limit.nextTickMs).toBe(Number.POSITIVE_INFINITY);
    host.limit.onSend(host.nowMs, 1);
    expect(host.limit.nextTickMs).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  it('refuses a result for a token it never gave out', () => {
    expect(() => newLimit().onResult(7, ok(1), 1)).toThrow(/token 7: not in flight/);
  });

  it('refuses settings that make no sense, naming all of them', () => {
    const bad = { ...defaultPaarcSettings, cMin: 0, beta: 1.5 };
    expect(() => new PaarcLimit(bad, half, 0)).toThrow(/cMin: .*; beta: /);
  });
});
