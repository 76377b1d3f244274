import { describe, expect, it } from 'vitest';
import { baselineFrom } from '../../../src/paarc/baseline.ts';
import { openCeiling } from '../../../src/paarc/ceiling.ts';
import type { Interval } from '../../../src/paarc/interval.ts';
import { defaultPaarcSettings as settings } from '../../../src/paarc/settings.ts';
import {
  type Control,
  type Decision,
  initialControl,
  newSearch,
  type PaarcState,
  type ProbeBwState,
} from '../../../src/paarc/state.ts';
import { step } from '../../../src/paarc/step.ts';
import { durations, interval } from './drive.ts';

const control: Control = {
  ...initialControl(settings, 0),
  concurrency: 115,
  baseline: baselineFrom(durations),
  reactionMs: 100,
};

/** A round of 200 results; a refusal takes less than half the time of an answer. */
function round(overloads: number): Interval {
  const counts = { overloads, results: 200, samples: 200 - overloads, overloadTimeShare: overloads / 500 };
  return interval({ ...counts, leastInFlightOverloaded: 115, throughputPerS: 1000, p50Ms: 115, p95Ms: 140 });
}

/** Rounds of that many refusals, until one moves the limit or says why it does not; at most 40. */
function runUntilReason(from: Control, state: PaarcState, overloads: number): Decision & { rounds: number } {
  let decision: Decision = { control: from, state };
  for (let rounds = 1; rounds <= 40; rounds++) {
    decision = step(settings, decision.control, decision.state, round(overloads), 1000, 0.5);
    if (decision.reason !== undefined) return { ...decision, rounds };
  }
  return { ...decision, rounds: 40 };
}

/** At a ceiling just found, so that no probe comes between. */
const held: Control = { ...control, ceiling: { ...openCeiling, concurrency: 116, sinceMs: 1000 } };
const steady: ProbeBwState = { name: 'probe-bw', search: newSearch(8) };

describe('Refusals too few for an overload', () => {
  it('are added up over rounds, and tested with a little less load', () => {
    const tested = runUntilReason(held, steady, 3);
    expect(tested).toMatchObject({ rounds: 4, reason: 'few errors: test with a little less load' });
    expect(tested.control.concurrency).toBe(114);
  });

  it('were ours when they end: the limit stays below them', () => {
    const tested = runUntilReason(held, steady, 3);
    const ended = runUntilReason(tested.control, tested.state, 0);
    expect(ended.reason).toBe('few errors went with the load');
    expect(ended.control.concurrency).toBe(114);
    expect(ended.control.ceiling.concurrency).toBe(115);
    expect(ended.control.shownErrors).toBeUndefined();
  });

  it('are the host’s own when they go on: the limit returns, and they are expected from now on', () => {
    const tested = runUntilReason(held, steady, 3);
    const ended = runUntilReason(tested.control, tested.state, 3);
    expect(ended.reason).toBe('few errors do not depend on our load');
    expect(ended.control.concurrency).toBe(115);
    expect(ended.control.shownErrors).toBeCloseTo(3 / 200, 5);
    expect(runUntilReason(ended.control, ended.state, 3).reason).toBeUndefined();
  });

  it('at one request at a time are not met with more of them', () => {
    const single = { ...held, concurrency: 1 };
    const counted = { ...newSearch(8), errors: { overloads: 12, results: 400, ofTime: 0.01 } };
    const decision = step(settings, single, { name: 'probe-bw', search: counted }, interval({}), 1000, 0.5);
    expect(decision.control.concurrency).toBe(1);
  });

  it('of one in a thousand are not worth a permit', () => {
    let state: PaarcState = steady;
    let now = held;
    for (let index = 0; index < 400; index++) {
      const decision = step(settings, now, state, round(index % 5 === 0 ? 1 : 0), 1000, 0.5);
      expect(decision.reason).toBeUndefined();
      now = decision.control;
      state = decision.state;
    }
  });

  it('of a host that changes after hours are noticed within minutes', () => {
    let decision: Decision = { control: held, state: steady };
    for (let index = 0; index < 20_000; index++)
      decision = step(settings, decision.control, decision.state, round(0), 1000, 0.5);
    expect(runUntilReason(decision.control, decision.state, 3).reason).toBe('few errors: test with a little less load');
  });

  it('are not looked for while a probe is judged, and no probe begins while they are tested', () => {
    const probe = { concurrency: 90, throughputPerS: 800, p50Ms: 115, ratio50: 1.15 };
    const probing: PaarcState = { name: 'probe-bw', search: { ...newSearch(8), probe } };
    expect(step(settings, control, probing, round(3), 1000, 0.5).reason).toMatch(/^probe/);
    const tested = runUntilReason(held, steady, 1);
    const open = { ...tested.control, ceiling: openCeiling };
    const ended = runUntilReason(open, tested.state, 1);
    expect(ended.reason).toBe('few errors do not depend on our load');
    expect(ended.rounds).toBeGreaterThan(8);
  });
});
