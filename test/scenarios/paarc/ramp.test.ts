import { expect, it } from 'vitest';
import { defaultPaarcSettings, PaarcLimit } from '../../../src/paarc/index.ts';
import { FixedLimit } from '../../../src/paarc/limit.ts';
import { runScenario } from './sim/run-scenario.ts';
import { completeScenario, type Scenario } from './sim/scenario.ts';

const SECONDS = 12;
const SEEDS = [1, 2, 3, 4, 5];
/** What a constant limit might be set to. */
const CONSTANTS = [4, 16, 64, 128, 256, 512, 1000];
const UNLIMITED = { slots: 1e6, bytesPerS: 1e12, flowBytesPerS: 1e9, errorShare: 0, notFoundShare: 0 };

/** A host that carries whatever our own side can send. */
function hostAt(baseMs: number, serviceMs: number, cpuPerS: number): Scenario {
  const bands = { rejectedAllMaxPct: 0, rejectedAfter30MaxPct: 0 };
  const host = { ...UNLIMITED, baseMs, serviceMs };
  return completeScenario({ name: '', words: '', durationS: SECONDS, host, client: { cpuPerS }, oracle: [], bands });
}

/** Good replies per second with the constant limit that gives most of them. */
function bestConstant(scenario: Scenario): readonly number[] {
  const runs = CONSTANTS.map((permits) => runScenario(scenario, 1, () => new FixedLimit(permits)).okPerS);
  const sum = (perS: readonly number[]): number => perS.slice(0, SECONDS).reduce((a, b) => a + b, 0);
  return runs.reduce((best, run) => (sum(run) > sum(best) ? run : best));
}

it.each([
  { words: 'on this machine, 4000 replies a second', ...{ baseMs: 1, serviceMs: 1, cpuPerS: 4000 } },
  { words: 'in this building, 4000 a second', ...{ baseMs: 10, serviceMs: 5, cpuPerS: 4000 } },
  { words: 'in this country, 2000 a second', ...{ baseMs: 30, serviceMs: 20, cpuPerS: 2000 } },
  { words: 'overseas, 2000 a second', ...{ baseMs: 100, serviceMs: 80, cpuPerS: 2000 } },
])(
  'PAARC has what the best constant limit gets from a host without one within 3 s: $words',
  ({ baseMs, serviceMs, cpuPerS }) => {
    const scenario = hostAt(baseMs, serviceMs, cpuPerS);
    const best = bestConstant(scenario);
    const runs = SEEDS.map(
      (seed) =>
        runScenario(scenario, seed, (random, startMs) => new PaarcLimit(defaultPaarcSettings, random, startMs)).okPerS,
    );
    for (let second = 3; second < SECONDS; second++) {
      const mean = runs.reduce((sum, perS) => sum + (perS[second] ?? 0), 0) / runs.length;
      expect(mean / (best[second] as number)).toBeGreaterThan(0.95);
    }
  },
);
