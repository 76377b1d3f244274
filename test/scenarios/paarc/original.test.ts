import { describe, expect, it } from 'vitest';
import { defaultOriginalSettings, defaultPaarcSettings, OriginalLimit, PaarcLimit } from '../../../src/paarc/index.ts';
import { measure } from './sim/measure.ts';
import { type LimitFactory, runNearlyIdle, runOracle, runScenario } from './sim/run-scenario.ts';
import { loadScenarios } from './sim/scenario.ts';

const original: LimitFactory = (_random, startMs) => new OriginalLimit(defaultOriginalSettings, startMs);
const improved: LimitFactory = (random, startMs) => new PaarcLimit(defaultPaarcSettings, random, startMs);

function goodput(name: string, errorShare: number, createLimit: LimitFactory): number {
  const found = loadScenarios().find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`no scenario ${name}`);
  const scenario = { ...found, host: { ...found.host, errorShare } };
  return measure(scenario, runScenario(scenario, 1, createLimit), runOracle(scenario, 1), runNearlyIdle(scenario, 1))
    .goodputAfter30;
}

describe('The original controller, for comparison', () => {
  it('fills a plain host that never errs', () => {
    expect(goodput('slots64', 0, original)).toBeGreaterThan(0.95);
  });

  it('collapses under one random 500 in a thousand, where the present one does not', () => {
    expect(goodput('slots64', 0.001, original)).toBeLessThan(0.35);
    expect(goodput('slots64', 0.001, improved)).toBeGreaterThan(0.97);
  });

  it('takes spread for congestion on a heavy tail, where the present one does not', () => {
    expect(goodput('heavytail', 0, original)).toBeLessThan(0.2);
    expect(goodput('heavytail', 0, improved)).toBeGreaterThan(0.93);
  });
});
