import { describe, expect, it } from 'vitest';
import { paarc } from './laws/index.ts';
import { sumSeconds } from './sim/recorder.ts';
import { runScenario } from './sim/run-scenario.ts';
import { completeScenario } from './sim/scenario.ts';

const perS = 50;
const durationS = 60;

/** nginx limit_req without burst: what comes sooner than 20 ms after the last one that was let in is a 503. */
function withoutBurst(baseMs: number, serviceMs: number) {
  return completeScenario({
    name: 'without-burst',
    words: `${perS}/s without a burst, else 503`,
    durationS,
    client: { busyStartMs: 0, cpuPerS: null },
    host: { baseMs, serviceMs, strict: { perS, burst: 0, status: 503 } },
    oracle: [{ atS: 0, perS }],
    bands: { rejectedAllMaxPct: 100, rejectedAfter30MaxPct: 100 },
  });
}

describe('PAARC where a request must not come too soon after another one', () => {
  it.each([
    [2, 100],
    [4, 15],
    [8, 60],
  ])('finds the time between them within seconds: %i ms away, %i ms per answer', (baseMs, serviceMs) => {
    const runs = [1, 2, 3].map((seed) => runScenario(withoutBurst(baseMs, serviceMs), seed, paarc));
    const middle = (values: number[]): number => values.sort((a, b) => a - b)[1] as number;
    expect(middle(runs.map((run) => sumSeconds(run.okPerS, 10, 20)))).toBeGreaterThan(0.7 * perS * 10);
    expect(middle(runs.map((run) => sumSeconds(run.okPerS, 20, durationS)))).toBeGreaterThan(0.78 * perS * 40);
    const share = (run: (typeof runs)[number]): number =>
      sumSeconds(run.rejectedPerS, 30, durationS) / sumSeconds(run.endedPerS, 30, durationS);
    expect(middle(runs.map(share))).toBeLessThan(0.025);
  });
});
