import { afterAll, describe, expect, it } from 'vitest';
import { defaultPaarcSettings, PaarcLimit } from '../../../src/paarc/index.ts';
import { describeMeasures, judge } from './sim/judge.ts';
import { type Measures, meanOf, measure } from './sim/measure.ts';
import { runNearlyIdle, runOracle, runScenario } from './sim/run-scenario.ts';
import { loadScenarios, type Scenario } from './sim/scenario.ts';

/** PAARC_SEEDS=N runs every scenario with N seeds; the bands are meant for five, fewer are for a quick look. */
const seedCount = Number(process.env.PAARC_SEEDS ?? 5);
const seeds = Array.from({ length: seedCount }, (_, index) => index + 1);
const lines: string[] = [];

function measureSeed(scenario: Scenario, seed: number): Measures {
  const run = runScenario(scenario, seed, (random, startMs) => new PaarcLimit(defaultPaarcSettings, random, startMs));
  return measure(scenario, run, runOracle(scenario, seed), runNearlyIdle(scenario, seed));
}

describe('PAARC on hosts of known capacity, against an oracle', () => {
  afterAll(() => {
    process.stdout.write(
      `\nmean of seeds ${seeds.join(', ')}; goodput and refusals: whole run / after 30 s\n${lines.join('\n')}\n`,
    );
  });

  it.each(loadScenarios())('$name: $words', { timeout: 120_000 }, (scenario) => {
    const mean = meanOf(seeds.map((seed) => measureSeed(scenario, seed)));
    const misses = judge(scenario, mean);
    lines.push(describeMeasures(scenario.name, mean));
    const unexpected = misses.filter((miss) => scenario.knownMisses?.[miss.band] === undefined);
    for (const miss of misses) {
      const known = scenario.knownMisses?.[miss.band];
      const note = known === undefined ? '' : ` (known miss: ${known})`;
      lines.push(`    MISS ${miss.band}: ${miss.measured.toFixed(3)}, asked ${miss.asked}${note}`);
    }
    expect(unexpected, describeMeasures(scenario.name, mean)).toEqual([]);
  });
});
