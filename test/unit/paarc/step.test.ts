import { describe, expect, it } from 'vitest';
import { endBackoff } from '../../../src/paarc/backoff.ts';
import { baselineFrom } from '../../../src/paarc/baseline.ts';
import { foundCeiling, openCeiling } from '../../../src/paarc/ceiling.ts';
import type { Interval } from '../../../src/paarc/interval.ts';
import { defaultPaarcSettings as settings } from '../../../src/paarc/settings.ts';
import {
  type BackoffState,
  type Control,
  initialControl,
  newSearch,
  type PaarcState,
  waveSpacingMs,
} from '../../../src/paarc/state.ts';
import { step } from '../../../src/paarc/step.ts';
import { durations, interval } from './drive.ts';

const control: Control = {
  ...initialControl(settings, 0),
  concurrency: 64,
  baseline: baselineFrom(durations),
  reactionMs: 100,
};
const knee = { concurrency: 16, throughputPerS: 300, p50Ms: 100, ratio50: 1 };
const probeBw: PaarcState = { name: 'probe-bw', search: newSearch(8) };

function decide(part: Partial<Interval>, state: PaarcState = probeBw, from: Control = control, nowMs = 1000) {
  return step(settings, from, state, interval(part), nowMs, 0.5);
}

describe('One step of the controller', () => {
  it('takes the first round as baseline and as the first point of growth', () => {
    const first = { ...initialControl(settings, 0) };
    const decision = decide({ samples: 20, elapsedMs: 400, throughputPerS: 50 }, { name: 'init' }, first);
    expect(decision).toMatchObject({
      state: { name: 'startup' },
      control: { concurrency: 16 },
      reason: 'baseline known, growing',
    });
    expect(decision.control.baseline?.p50Ms).toBeCloseTo(100, 0);
  });

  it('leaves STARTUP where latency has tripled, with headroom over what the host carried', () => {
    const decision = decide(
      { p50Ms: 320 },
      { name: 'startup', flatRounds: 0, untilConcurrency: Number.POSITIVE_INFINITY },
    );
    expect(decision.state.name).toBe('probe-bw');
    expect(decision.control.concurrency).toBeCloseTo((1.35 * 64) / 3.2, 1);
  });

  it('leaves STARTUP when more permits brought nothing and the latency rose', () => {
    const before = { concurrency: 32, throughputPerS: 590, p50Ms: 105, ratio50: 1.05 };
    const decision = decide(
      { p50Ms: 170 },
      { name: 'startup', flatRounds: 0, untilConcurrency: Number.POSITIVE_INFINITY, knee: before },
    );
    expect(decision.reason).toBe('plateau: throughput and latency');
  });

  it('leaves STARTUP when two doublings brought less than half of what they asked, though the second seemed to bring it', () => {
    const growing = { name: 'startup', flatRounds: 0, untilConcurrency: Number.POSITIVE_INFINITY, knee } as const;
    const first = decide({ throughputPerS: 250 }, growing, { ...control, concurrency: 32 });
    expect(first).toMatchObject({ reason: 'growing', state: { knee, flatRounds: 1 } });
    const second = decide({ throughputPerS: 450 }, first.state, first.control);
    expect(second.reason).toBe('plateau: throughput');
    expect(second.control.concurrency).toBeCloseTo(64, 0);
  });

  it('takes a median far below its baseline for one half of a mixture when the mean did not follow', () => {
    const fast = Array.from({ length: 105 }, (_, index) => 20 + (index % 5));
    const mixed = decide({ p50Ms: 22, meanMs: 110, durations: fast });
    expect(mixed.control).toMatchObject({ isMixed: true, baseline: control.baseline });
    expect(decide({ p50Ms: 22, meanMs: 24, durations: fast }).control.baseline?.p50Ms).toBe(22);
  });

  it('begins STARTUP anew, with long rounds, where answers take far longer on the whole than their median', () => {
    const growing = { name: 'startup', flatRounds: 0, untilConcurrency: 500, knee } as const;
    const anew = { control: { isMixed: true, meanMs: 250, concurrency: 8 }, state: { name: 'startup' } };
    expect(decide({ meanMs: 250 }, growing)).toMatchObject(anew);
    expect(decide({ meanMs: 250 }, { name: 'probe-bw', search: { ...newSearch(8), probe: knee } })).toMatchObject(anew);
    // Right after a leap, or when a stall begins, many are in flight and few came back.
    expect(decide({ meanMs: 250 }).control.isMixed).toBe(false);
    expect(decide({ meanMs: 250 }, { ...growing, knee: undefined }).control.isMixed).toBe(false);
  });

  it('believes in no place to refuse at where refusals go on far below it, or below what had been carried', () => {
    const refused = { results: 20, overloads: 5, overloadTimeShare: 0.2 };
    const first = decide({ ...refused, leastInFlightOverloaded: 60 });
    expect(first.control.ceiling.concurrency).toBe(60);
    const again = (leastInFlightOverloaded: number) =>
      decide({ ...refused, leastInFlightOverloaded }, first.state, first.control).control.ceiling.concurrency;
    expect(again(50)).toBe(50);
    expect(again(40)).toBe(Number.POSITIVE_INFINITY);
    const returning = { name: 'startup', flatRounds: 0, untilConcurrency: 90 } as const;
    const round = { ...refused, leastInFlightOverloaded: 60 };
    expect(decide(round, returning).control.ceiling.concurrency).toBe(Number.POSITIVE_INFINITY);
    expect(decide(round, { ...returning, untilConcurrency: 80 }).control.ceiling.concurrency).toBe(60);
  });

  it('believes in no place to refuse at where the host refused a request that met no other within the last minute', () => {
    const refused = { results: 20, overloads: 5, overloadTimeShare: 0.2, leastInFlightOverloaded: 60 };
    const ceilingAt = (nowMs: number) =>
      decide(refused, undefined, { ...control, refusedAloneAtMs: 1000 }, nowMs).control.ceiling.concurrency;
    expect(ceilingAt(60_000)).toBe(Number.POSITIVE_INFINITY);
    expect(ceilingAt(62_000)).toBe(60);
  });

  it('soon asks again for more where the host errs by itself', () => {
    const refused = { results: 40, overloads: 12, overloadTimeShare: 0.2, leastInFlightOverloaded: 60 };
    const { ceiling } = decide(refused, undefined, { ...control, shownErrors: 0.05 }).control;
    expect(ceiling).toMatchObject({ concurrency: 60, sinceMs: Number.NEGATIVE_INFINITY });
  });

  it('takes the mean of a mixture, where one of other hosts takes the median, for the sign of a queue', () => {
    const mixed: Control = { ...control, isMixed: true, meanMs: 250 };
    const search = { ...newSearch(8), degradedRounds: 1 };
    const tail = { p50Ms: 100, p95Ms: 900, meanMs: 300 };
    expect(decide(tail, { name: 'probe-bw', search }, mixed).control.concurrency).toBe(64);
    expect(decide({ ...tail, meanMs: 400 }, { name: 'probe-bw', search }, mixed).reason).toBe('queue: latency');
  });

  it('keeps what it knows of the fast answers of a mixture while the slow ones pile up', () => {
    const growing = { name: 'startup', flatRounds: 0, untilConcurrency: Number.POSITIVE_INFINITY } as const;
    const piledUp = { p50Ms: 2500, meanMs: 2400, durations: Array.from({ length: 20 }, () => 2500) };
    const { control: next, reason } = decide(piledUp, growing, { ...control, isMixed: true, meanMs: 250 });
    expect(reason).toBe('growing');
    expect(next.baseline).toBe(control.baseline);
  });

  it('counts STARTUP as a look at the unloaded latency', () => {
    const growing = { name: 'startup', flatRounds: 0, untilConcurrency: 64 } as const;
    const decision = decide({}, growing, control, 29_000);
    expect(decision).toMatchObject({ reason: 'returned to the limit of before', control: { probeRttAtMs: 59_000 } });
  });

  it('soon asks again for more than what a host refused before its latency was known', () => {
    const refused = { results: 8, samples: 0, overloads: 7, overloadTimeShare: 0.9, leastInFlightOverloaded: 3 };
    const first = decide(refused, { name: 'init' }, initialControl(settings, 0));
    expect(first.control.ceiling).toMatchObject({ sinceMs: Number.NEGATIVE_INFINITY });
    const known = { ...first.control, baseline: baselineFrom(durations) };
    const few = { ...refused, overloads: 3, overloadTimeShare: 0.2 };
    expect(decide(few, first.state, known).control.ceiling.sinceMs).toBe(Number.NEGATIVE_INFINITY);
    expect(decide(refused).control.ceiling.sinceMs).toBe(1000);
  });

  it('asks one after the other where a host refused before its latency was known', () => {
    const unknown = initialControl(settings, 0);
    expect(waveSpacingMs(settings, unknown)).toBe(0);
    expect(waveSpacingMs(settings, { ...unknown, concurrency: 2 })).toBe(150 / 4);
    expect(waveSpacingMs(settings, control)).toBeCloseTo(100 / 128, 2);
  });

  it('goes on growing when a few of its first replies are errors, as real hosts have them', () => {
    const growing = {
      name: 'startup',
      flatRounds: 0,
      untilConcurrency: Number.POSITIVE_INFINITY,
    } as const;
    const decision = decide({ results: 100, overloads: 3, leastInFlightOverloaded: 30 }, growing);
    expect(decision.reason).toBe('growing');
    expect(decide({ results: 100, overloads: 8, leastInFlightOverloaded: 30 }, growing).reason).toBe('overload');
  });

  it('grows while throughput follows, however busy our side says it is, and ends STARTUP when it does not', () => {
    let { control: now, state }: { control: typeof control; state: PaarcState } = {
      control,
      state: { name: 'startup', flatRounds: 0, untilConcurrency: Number.POSITIVE_INFINITY },
    };
    const reasons: (string | undefined)[] = [];
    for (let round = 0; round < 4; round++) {
      const throughputPerS = 600 * 2 ** Math.min(2, round);
      const busy = interval({ clientLimited: true, throughputPerS, meanMs: 105 });
      const decision = step(settings, now, state, busy, 1000 + 300 * round, 0.5);
      ({ control: now, state } = decision);
      reasons.push(decision.reason);
    }
    expect(reasons).toEqual(['growing', 'growing', 'growing', 'our side is the narrow place']);
  });

  it('cuts for a queue after two bad rounds, not after one', () => {
    const once = decide({ p50Ms: 170 });
    expect(once.control.concurrency).toBe(64);
    const twice = step(settings, once.control, once.state, interval({ p50Ms: 170 }), 1300, 0.5);
    expect(twice.reason).toBe('queue: latency');
    expect(twice.control.concurrency).toBeCloseTo((1.35 * 64) / 1.7, 1);
  });

  it('gives a cut for latency back, and believes the latency, when it cost throughput', () => {
    const cut = { concurrency: 64, throughputPerS: 320 };
    const afterCut = (throughputPerS: number) =>
      decide(
        { p50Ms: 195, throughputPerS, durations: Array.from({ length: 20 }, () => 195) },
        { name: 'probe-bw', search: { ...newSearch(2), cut } },
        { ...control, concurrency: 32 },
      );
    expect(afterCut(160)).toMatchObject({ reason: 'latency is not our queue', control: { concurrency: 64 } });
    expect(afterCut(160).control.baseline?.p50Ms).toBe(195);
    expect(afterCut(310).reason).not.toBe('latency is not our queue');
  });

  it('returns from a failed probe to the limit of before', () => {
    const probe = { concurrency: 51.2, throughputPerS: 600, p50Ms: 100, ratio50: 1 };
    const decision = decide({ p50Ms: 125 }, { name: 'probe-bw', search: { ...newSearch(8), probe } });
    expect(decision).toMatchObject({ reason: 'probe failed', control: { concurrency: 51.2 } });
  });

  it('looks twice at a probe in which the host stood still for a moment', () => {
    const probe = { concurrency: 51.2, throughputPerS: 900, p50Ms: 100, ratio50: 1 };
    const { state, reason } = decide({}, { name: 'probe-bw', search: { ...newSearch(8), probe } });
    expect(reason).toBeUndefined();
    expect(state).toMatchObject({ name: 'probe-bw', search: { probe } });
    expect(decide({}, state)).toMatchObject({ reason: 'probe failed', control: { concurrency: 51.2 } });
  });

  it('goes on from a probe that brought throughput', () => {
    const probe = { concurrency: 51.2, throughputPerS: 480, p50Ms: 100, ratio50: 1 };
    const decision = decide({}, { name: 'probe-bw', search: { ...newSearch(8), probe } });
    expect(decision).toMatchObject({ reason: 'probe kept, next probe', control: { concurrency: 80 } });
  });

  it('restores the limit at once after a look at the unloaded latency', () => {
    const state: PaarcState = { name: 'probe-rtt', savedConcurrency: 64, search: newSearch(8) };
    const decision = decide({ p50Ms: 70 }, state, { ...control, concurrency: 32 });
    expect(decision).toMatchObject({
      state: { name: 'probe-bw' },
      control: { concurrency: 64 },
      reason: 'baseline replaced',
    });
  });

  it('takes errors with half of the load for chance, but for an outage', () => {
    const state: PaarcState = { name: 'probe-rtt', savedConcurrency: 64, search: newSearch(8) };
    const half = { ...control, concurrency: 32 };
    const few = { overloads: 12, overloadTimeShare: 0.1, leastInFlightOverloaded: 29 };
    expect(decide(few, state, half)).toMatchObject({
      state: { name: 'probe-bw' },
      control: { concurrency: 64, ceiling: openCeiling },
      reason: 'errors with little load',
    });
    const most = { overloads: 50, results: 60, overloadTimeShare: 0.9, leastInFlightOverloaded: 1 };
    expect(decide(most, state, half)).toMatchObject({ state: { name: 'backoff' }, reason: 'overload' });
  });

  it('cuts for overload in any state that moves the limit', () => {
    const refused = { overloads: 12, overloadTimeShare: 0.1, leastInFlightOverloaded: 61 };
    for (const state of [
      probeBw,
      { name: 'init' },
      { name: 'startup', flatRounds: 0, untilConcurrency: Number.POSITIVE_INFINITY },
    ] as PaarcState[]) {
      const decision = decide(refused, state);
      expect(decision).toMatchObject({ state: { name: 'backoff', cause: 'overload' }, reason: 'overload' });
      expect(decision.control.concurrency).toBe(58);
      expect(decision.control.ceiling.concurrency).toBe(61);
    }
  });

  it('does not leap back over the place where the host refused, however far the limit fell', () => {
    const state: BackoffState = { name: 'backoff', cause: 'overload', untilMs: 1000, repeats: 5 };
    const fallen = { ...control, concurrency: 48, recoverConcurrency: 128 };
    const ceiling = foundCeiling(openCeiling, 65, 900);
    const careful = endBackoff(settings, { ...fallen, ceiling }, state, interval({}), 1000, 0.5);
    expect(careful).toMatchObject({ state: { name: 'probe-bw' }, control: { concurrency: 48 } });
    const free = endBackoff(settings, fallen, state, interval({}), 1000, 0.5);
    expect(free).toMatchObject({ state: { name: 'startup' }, control: { concurrency: 96 } });
  });

  it('moves nothing in a round that we limited ourselves or could not fill', () => {
    expect(decide({ saturation: 0.3, p50Ms: 300 }).reason).toBeUndefined();
    expect(decide({ clientLimited: true, throughputPerS: 600 }).control.ceiling).toBe(openCeiling);
  });
});
