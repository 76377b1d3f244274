import { describe, expect, it } from 'vitest';
import { beginSuspicion } from '../../../src/paarc/error-cause.ts';
import { RateTrial } from '../../../src/paarc/rate-trial.ts';

const suspicion = beginSuspicion(8, 8, false, 0);

/** Results of 20 requests a second from `fromMs` on, every `nth` of them an error; what the trial says at the end. */
function hear(trial: RateTrial, fromMs: number, seconds: number, nth: number): ReturnType<RateTrial['verdict']> {
  for (let index = 0; index < 20 * seconds; index++) trial.count(fromMs + 50 * index, index % nth === 0);
  return trial.verdict(20, fromMs + 1000 * seconds);
}

describe('A rate that errors may mean', () => {
  it('was none when errors go on as often as before, however many that are', () => {
    expect(hear(new RateTrial(suspicion, 0.08, 0, false, 20), 0, 4, 12)).toBeUndefined();
    expect(hear(new RateTrial(suspicion, 0.08, 0, false, 20), 0, 12, 12)).toBe('failed');
  });

  it('is one when they are far fewer, or as few as finding it costs', () => {
    expect(hear(new RateTrial(suspicion, 0.2, 0, false, 20), 0, 12, 20)).toBe('rate');
    expect(hear(new RateTrial(suspicion, 0.04, 0, false, 20), 0, 30, 40)).toBe('rate');
  });

  it('is doubled while nothing errs and all of it is used, and was none when it is more than we use', () => {
    const trial = new RateTrial(suspicion, 0.3, 0, true, 20);
    const never = Number.POSITIVE_INFINITY;
    expect(hear(trial, 0, 2, never)).toBe('double');
    for (let index = 0; index < 80; index++) trial.count(2000 + 25 * index, false);
    expect(trial.verdict(40, 4000)).toBe('double');
    for (let index = 0; index < 80; index++) trial.count(4000 + 25 * index, false);
    expect(trial.verdict(80, 6000)).toBe('none');
  });

  it('was none when it comes to much less at once than was granted before it was tried', () => {
    const trial = new RateTrial(suspicion, 0.4, 2000, true, 20);
    expect(trial.verdict(12, 1000)).toBeUndefined();
    expect(trial.verdict(11, 1500)).toBe('failed');
  });

  it('was none when it falls as far later, and errors go on there: one stretch is measured roughly', () => {
    const trial = new RateTrial(suspicion, 0.2, 0, false, 20);
    expect(hear(trial, 0, 12, 20)).toBe('rate');
    trial.isPassed = true;
    expect(trial.verdict(8, 20_000)).toBeUndefined();
    expect(trial.verdict(13, 22_000)).toBeUndefined();
    trial.count(22_500, true);
    expect(trial.verdict(8, 30_000)).toBeUndefined();
    trial.count(30_500, true);
    expect(trial.verdict(8, 31_000)).toBe('failed');
  });
});
