import { describe, expect, it } from 'vitest';
import { beginSuspicion } from '../../../src/paarc/error-cause.ts';
import {
  beginTrial,
  countTrial,
  judgeTrial,
  type RateTrial,
  type TrialVerdict,
} from '../../../src/paarc/rate-trial.ts';

const suspicion = beginSuspicion(8, 8, false, 0);

/** A trial of 20/s whose results count from 0 on. */
const newTrial = (shareBefore: number, isFirst = false): RateTrial =>
  beginTrial(suspicion, shareBefore, -2000, isFirst, 20);

/** Results of 20 requests a second from `fromMs` on, every `nth` of them an error. */
function hear(trial: RateTrial, fromMs: number, seconds: number, nth: number): RateTrial {
  let heard = trial;
  for (let index = 0; index < 20 * seconds; index++)
    heard = countTrial(heard, fromMs + 50 * index, (index + 1) % nth === 0);
  return heard;
}

/** What the trial says after so many seconds of them. */
function said(shareBefore: number, seconds: number, nth: number): string | undefined {
  const { trial, verdict } = judgeTrial(hear(newTrial(shareBefore), 0, seconds, nth), 20, 1000 * seconds);
  return verdict ?? trial.phase;
}

const never = Number.POSITIVE_INFINITY;

describe('A rate that errors may mean', () => {
  it('was none when errors go on as often as before, however many that are', () => {
    expect(said(0.08, 4, 12)).toBe('counting');
    expect(said(0.08, 12, 12)).toBe('failed');
  });

  it('is one when they are far fewer, or as few as finding it costs', () => {
    expect(said(0.2, 12, 20)).toBe('passed');
    expect(said(0.04, 30, 40)).toBe('passed');
  });

  it('is doubled while nothing errs and all of it is used, and was none when it is more than we use', () => {
    const verdicts: TrialVerdict[] = [];
    let trial = newTrial(0.3, true);
    for (const [perS, atMs] of [
      [20, 2000],
      [40, 4000],
      [80, 6000],
    ] as const) {
      const judged = judgeTrial(hear(hear(trial, atMs - 2000, 2, never), atMs - 2000, 2, never), perS, atMs);
      trial = judged.trial;
      verdicts.push(judged.verdict);
    }
    expect(verdicts).toEqual(['double', 'double', 'none']);
  });

  it('was none when it comes to much less at once than was granted before it was tried', () => {
    const trial = newTrial(0.4, true);
    expect(judgeTrial(trial, 12, 1000).verdict).toBeUndefined();
    expect(judgeTrial(trial, 11, 1500).verdict).toBe('failed');
  });

  it('was none when it falls as far later, and errors go on there: one stretch is measured roughly', () => {
    const verdicts: TrialVerdict[] = [];
    let trial = judgeTrial(hear(newTrial(0.2), 0, 12, 20), 20, 12_000).trial;
    const judge = (perS: number, atMs: number): void => {
      const judged = judgeTrial(trial, perS, atMs);
      trial = judged.trial;
      verdicts.push(judged.verdict);
    };
    judge(8, 20_000);
    judge(13, 22_000);
    trial = countTrial(trial, 22_500, true);
    judge(8, 30_000);
    trial = countTrial(trial, 30_500, true);
    judge(8, 31_000);
    expect(verdicts).toEqual([undefined, undefined, undefined, 'failed']);
  });
});
