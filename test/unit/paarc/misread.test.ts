import { describe, expect, it } from 'vitest';
import { defaultPaarcSettings, type Outcome, PaarcLimit } from '../../../src/paarc/index.ts';
import type { Interval } from '../../../src/paarc/interval.ts';
import { fittingConcurrency } from '../../../src/paarc/overload.ts';
import { type Control, initialControl, type PaarcState } from '../../../src/paarc/state.ts';
import { step } from '../../../src/paarc/step.ts';
import { interval, ok, UnitHost } from './drive.ts';

const newLimit = (): PaarcLimit => new PaarcLimit(defaultPaarcSettings, () => 0.5, 0);
const reasons = (host: UnitHost): readonly string[] => host.transitions.map(({ reason }) => reason);

/** Numbers that look random, of the time a request was sent. */
const chance = (sentMs: number): number => (((sentMs * 48_271) % 2_147_483_647) % 1000) / 1000;

/** A token bucket, full at first: what each send is answered, decided once. @param answers - all of them */
function bucket(
  burst: number,
  perS: (nowMs: number) => number,
  refusal: Outcome,
  answers = new Map<number, Outcome>(),
) {
  let tokens = burst;
  let atMs = 0;
  return (sentMs: number): Outcome => {
    const known = answers.get(sentMs);
    if (known !== undefined) return known;
    tokens = Math.min(burst, tokens + ((sentMs - atMs) * perS(sentMs)) / 1000);
    atMs = sentMs;
    const outcome = tokens >= 1 ? ok(100) : refusal;
    if (tokens >= 1) tokens--;
    answers.set(sentMs, outcome);
    return outcome;
  };
}

const control: Control = {
  ...initialControl(defaultPaarcSettings, 0),
  concurrency: 120,
  baseline: { p50Ms: 10_000, p95Ms: 13_000, durations: new Float32Array(0) },
};

describe('PAARC on hosts that are easily misread', () => {
  it('takes 429s that come whatever the rate for chance', () => {
    const host = new UnitHost(newLimit(), (sentMs) =>
      chance(sentMs) < 0.04 ? { kind: 'rate', serviceMs: 20 } : ok(100),
    );
    host.run(60_000);
    expect(reasons(host)).toContain('refusals are chance');
    const before = host.sends.length;
    host.run(10_000);
    expect(host.sends.length - before).toBeGreaterThan(1000);
  });

  /** Until the first look at the unloaded latency, of whose sends those are errors; what came of it. */
  function afterLook(isError: (nth: number) => boolean) {
    let lookMs = Number.POSITIVE_INFINITY;
    const sends = new Map<number, number>();
    const host = new UnitHost(newLimit(), (sentMs, inFlight) => {
      if (sentMs < lookMs) return ok(100 + 6 * Math.max(0, inFlight - 16));
      const nth = sends.get(sentMs) ?? sends.size;
      sends.set(sentMs, nth);
      return isError(nth) ? { kind: 'overload', serviceMs: 90 } : ok(100);
    });
    while (!reasons(host).includes('look at the unloaded latency')) host.run(1);
    lookMs = host.nowMs;
    const before = host.limit.permits;
    const seen = host.transitions.length;
    for (let ms = 0; ms < 5000 && host.transitions.length === seen; ms++) host.run(1);
    return { before, after: host.limit.permits, reason: host.transitions[seen]?.reason };
  }

  it('knows an outage that begins during a look at half the load by what was sent since', () => {
    expect(afterLook(() => true)).toMatchObject({ reason: 'overload' });
  });

  it('takes a few errors that such a look meets for chance, and returns from it', () => {
    const { before, after, reason } = afterLook((nth) => [0, 2, 4, 10].includes(nth));
    expect(reason).toBe('errors with little load');
    expect(after).toBeGreaterThan(1.5 * before);
  });

  it('goes on as fast where one request in a hundred is refused', () => {
    const limit = new PaarcLimit({ ...defaultPaarcSettings, cMax: 8 }, () => 0.5, 0);
    const answer = (sentMs: number): Outcome =>
      sentMs > 2000 && sentMs % 1009 < 13 ? { kind: 'rate', serviceMs: 20 } : ok(100);
    const host = new UnitHost(limit, answer);
    host.run(60_000);
    const refused = host.sends.filter((sentMs) => answer(sentMs).kind === 'rate').length;
    expect(refused).toBeGreaterThan(20);
    expect(reasons(host)).not.toContain('first 429');
    expect(host.sends.length).toBeGreaterThan(4500);
  });

  it('hears refusals that become many after a long time without one', () => {
    const limit = new PaarcLimit({ ...defaultPaarcSettings, cMax: 8 }, () => 0.5, 0);
    const places = new Map<number, number>();
    const host = new UnitHost(limit, (sentMs) => {
      const place = places.get(sentMs) ?? places.size;
      places.set(sentMs, place);
      return place > 20_000 && place % 9 === 0 ? { kind: 'rate', serviceMs: 100 } : ok(100);
    });
    host.run(300_000);
    expect(places.size).toBeGreaterThan(21_000);
    expect(reasons(host)).toContain('first 429');
  });

  it('takes a rate that falls for one, however often it is lowered', () => {
    const answer = bucket(100, (nowMs) => (nowMs < 30_000 ? 100 : 30), { kind: 'rate', serviceMs: 20 });
    const host = new UnitHost(newLimit(), answer);
    host.run(90_000);
    expect(reasons(host)).not.toContain('refusals are chance');
    expect(1000 / host.limit.spacingMs).toBeLessThan(33);
  });

  it('reads a 503 that says when as a rate, not as too many at once', () => {
    const answers = new Map<number, Outcome>();
    const answer = bucket(20, () => 10, { kind: 'overload', serviceMs: 20, retryAfterMs: 1000 }, answers);
    const host = new UnitHost(newLimit(), answer);
    host.run(60_000);
    const before = [...answers.values()].filter(({ kind }) => kind === 'overload').length;
    host.run(30_000);
    const refused = [...answers.values()].filter(({ kind }) => kind === 'overload').length - before;
    expect(refused).toBeLessThan(6);
    expect(reasons(host)).not.toContain('overload');
  });
});

describe('A mixture of fast and slow answers', () => {
  const decide = (part: Partial<Interval>, state: PaarcState, from: Control): Control =>
    step(defaultPaarcSettings, from, state, interval(part), 1000, 0.5).control;

  it('is not seen in the first wave of one server that works off one after the other', () => {
    const fresh = initialControl(defaultPaarcSettings, 0);
    const wave = { p25Ms: 1800, p50Ms: 2700, meanMs: 6000 };
    expect(decide({ ...wave, samples: 5 }, { name: 'init' }, fresh).isMixed).toBe(false);
    expect(decide({ ...wave, samples: 20 }, { name: 'init' }, fresh).isMixed).toBe(true);
  });

  it('learns that answers got faster when it is kept from using its permits by how slow they were', () => {
    const slow = { ...control, isMixed: true, meanMs: 2000 };
    const startup: PaarcState = { name: 'startup', flatRounds: 0, untilConcurrency: Number.POSITIVE_INFINITY };
    expect(decide({ saturation: 0.1 }, startup, slow).baseline?.p50Ms).toBeCloseTo(100, 0);
  });
});

describe('What a host carries whose errors took long', () => {
  it('is what fits without the waiting, with headroom', () => {
    expect(fittingConcurrency(defaultPaarcSettings, control, { overloads: 2, overloadMs: 60_000 })).toBeCloseTo(54);
  });

  it('is not known of errors that came at once, or of a host without a baseline', () => {
    expect(fittingConcurrency(defaultPaarcSettings, control, { overloads: 2, overloadMs: 40 })).toBe(
      Number.POSITIVE_INFINITY,
    );
    const unknown = { ...control, baseline: undefined };
    expect(fittingConcurrency(defaultPaarcSettings, unknown, { overloads: 2, overloadMs: 60_000 })).toBe(
      Number.POSITIVE_INFINITY,
    );
  });
});
