import { describe, expect, it } from 'vitest';
import { cutFor, heard, judgeErrors, noBlame } from '../../../src/paarc/blame.ts';
import { foldShown } from '../../../src/paarc/error-cause.ts';
import { type Gaps, noGaps, withEnded } from '../../../src/paarc/gaps.ts';
import { type Levels, newLevels } from '../../../src/paarc/levels.ts';
import { defaultPaarcSettings as settings } from '../../../src/paarc/settings.ts';
import { newSearch, type PaarcState } from '../../../src/paarc/state.ts';

const state: PaarcState = { name: 'probe-bw', search: newSearch(8) };

/** Errors and answers at one in flight, on a virtual clock. */
class Trial {
  #blame = noBlame;
  readonly seen: {
    errorLevels: Levels;
    gaps: Gaps;
    capAt: number | undefined;
  } = {
    errorLevels: newLevels(0),
    gaps: noGaps,
    capAt: undefined,
  };
  nowMs = 0;

  hear(isError: boolean, everyMs = 50): void {
    this.nowMs += everyMs;
    this.#blame = heard(this.#blame, { mark: { sends: 1, atMs: this.nowMs }, inFlight: 1 }, isError);
  }

  /** Twice as fast as the host wants it: every other one comes too soon. */
  hearTooFast(burst = 0): void {
    for (let sends = 1; sends <= 64; sends++) {
      const flight = { mark: { sends, atMs: sends <= burst ? 1 : 15 * sends }, inFlight: 2 };
      this.seen.gaps = withEnded(this.seen.gaps, flight, sends > burst && sends % 2 === 0);
    }
  }

  judge(perS: number): string | undefined {
    const { blame, verdict } = judgeErrors(this.#blame, this.seen, state, perS, this.nowMs);
    this.#blame = blame;
    return verdict?.kind;
  }

  /** A limit of ten is cut; of what is sent alone every `nth` result is an error. */
  cutAndHear(results: number, nth: number): void {
    this.#blame = cutFor(settings, this.#blame, 10, state, this.nowMs);
    for (let index = 1; index <= results; index++) this.hear(index % nth === 0);
  }
}

describe('What errors are to be blamed on', () => {
  it('is no rate when somewhat fewer come than in the bad moment that led to it', () => {
    const trial = new Trial();
    trial.cutAndHear(24, 4);
    expect(trial.judge(Number.POSITIVE_INFINITY)).toBe('rate');
    // Those of finding it count for nothing, and two in a row that it is not over.
    for (let index = 0; index < 70; index++) trial.hear(false);
    expect(trial.judge(20)).toBe('double');
    trial.hear(true);
    trial.hear(true);
    for (let index = 0; index < 90; index++) trial.hear(false);
    let kind: string | undefined;
    for (let index = 1; index <= 250 && kind === undefined; index++) {
      trial.hear(index % 9 === 0);
      kind = trial.judge(20);
    }
    expect(kind).toBe('open');
  });
});

describe('Errors of what came too soon after another request', () => {
  it('are a rate at once, when they make us cut and while another rate is tried', () => {
    const cut = new Trial();
    cut.cutAndHear(4, 2);
    cut.hearTooFast();
    expect(cut.judge(Number.POSITIVE_INFINITY)).toBe('spaced');
    expect(cut.judge(60)).toBeUndefined();
    const trying = new Trial();
    trying.cutAndHear(24, 3);
    expect(trying.judge(Number.POSITIVE_INFINITY)).toBe('rate');
    trying.hearTooFast();
    expect(trying.judge(5)).toBe('spaced');
  });

  it('are a rate of a bucket that is empty only when they make us cut', () => {
    const cut = new Trial();
    cut.cutAndHear(4, 2);
    cut.hearTooFast(3);
    expect(cut.judge(Number.POSITIVE_INFINITY)).toBe('spaced');
    const trying = new Trial();
    trying.cutAndHear(24, 3);
    expect(trying.judge(Number.POSITIVE_INFINITY)).toBe('rate');
    trying.hearTooFast(3);
    expect(trying.judge(20)).not.toBe('spaced');
  });

  it('are nothing new while the limit was never cut for them', () => {
    const quiet = new Trial();
    quiet.hearTooFast();
    expect(quiet.judge(Number.POSITIVE_INFINITY)).toBeUndefined();
  });

  it('are none where too many at once were refused', () => {
    const capped = new Trial();
    capped.cutAndHear(4, 2);
    capped.hearTooFast();
    capped.seen.capAt = 1;
    expect(capped.judge(Number.POSITIVE_INFINITY)).toBeUndefined();
  });
});

describe('The errors that are expected of a host', () => {
  it('follow what it does, and are never more than a host is believed of', () => {
    const folded = (shownErrors: number, overloads: number) =>
      foldShown({ shownErrors }, { shownErrors }, { overloads, results: 300 }).shownErrors;
    expect(folded(0.1, 0)).toBeCloseTo(0.05);
    expect(folded(0.1, 60)).toBeCloseTo(0.15);
    expect(folded(0.4, 270)).toBe(0.4);
  });
});
