/** What becomes of the hosts' figures when a rule is taken out of the law. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { defaultPaarcSettings, type PaarcLimit } from '../../../../src/paarc/index.ts';
import { meanOf, measure } from '../sim/measure.ts';
import type { Recorder } from '../sim/recorder.ts';
import { type LimitFactory, runNearlyIdle, runOracle, runScenario } from '../sim/run-scenario.ts';
import { loadScenarios, type Scenario } from '../sim/scenario.ts';
import type { WildHost } from '../wild/draw.ts';
import { measureWild, missesOf } from '../wild/judge-wild.ts';
import { KINDS, wildHosts } from '../wild/kinds.ts';
import { lawText, type Rule } from './rule.ts';

const PAARC = fileURLToPath(new URL('../../../../src/paarc', import.meta.url));

/** A figure of a host, or of a kind of hosts. */
export interface Figure {
  readonly value: number;
  readonly isBetterHigh: boolean;
  /** Less than this is chance. */
  readonly chance: number;
}

/** By host or kind, and what of it. */
export type Figures = ReadonlyMap<string, Figure>;

/** Hosts with what an oracle makes of them. */
export interface Course {
  readonly named: readonly { readonly scenario: Scenario; readonly runs: readonly NamedRun[] }[];
  readonly wild: readonly { readonly kind: string; readonly runs: readonly WildRun[] }[];
}
interface NamedRun {
  readonly seed: number;
  readonly oracle: Recorder;
  readonly nearlyIdle: Recorder;
}
interface WildRun {
  readonly seed: number;
  readonly host: WildHost;
  readonly oracle: Recorder;
}

/** @param count - hosts of every kind and seed */
export function layOut(seeds: readonly number[], count: number): Course {
  const named = loadScenarios().map((scenario) => ({
    scenario,
    runs: seeds.map((seed) => ({
      seed,
      oracle: runOracle(scenario, seed),
      nearlyIdle: runNearlyIdle(scenario, seed),
    })),
  }));
  return { ...layOutWild(seeds, count), named };
}

/** Without the named hosts. */
export function layOutWild(seeds: readonly number[], count: number): Course {
  return {
    named: [],
    wild: Object.keys(KINDS).map((kind) => ({
      kind,
      runs: seeds.flatMap((seed) =>
        wildHosts(kind, seed, count).map((host) => ({ seed, host, oracle: runOracle(host.scenario, seed) })),
      ),
    })),
  };
}

/** The law without the rule. Its copy is deleted again; what was loaded stays. */
export async function lawWithout(rule: Rule): Promise<LimitFactory> {
  const folder = mkdtempSync(join(tmpdir(), 'flow-dc-law-'));
  try {
    cpSync(PAARC, folder, { recursive: true });
    for (const { file, text, without } of rule.edits)
      writeFileSync(
        join(folder, file),
        lawText(file).replace(text, () => without),
      );
    const law: { PaarcLimit: typeof PaarcLimit } = await import(pathToFileURL(join(folder, 'index.ts')).href);
    return (random, startMs) => new law.PaarcLimit(defaultPaarcSettings, random, startMs);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a law makes of the hosts. */
export function figuresOf(course: Course, createLimit: LimitFactory): Figures {
  const figures = new Map<string, Figure>();
  const higher = (name: string, value: number, chance: number): unknown =>
    figures.set(name, { value, isBetterHigh: true, chance });
  const lower = (name: string, value: number, chance: number): unknown =>
    figures.set(name, { value, isBetterHigh: false, chance });
  for (const { scenario, runs } of course.named) {
    const { name } = scenario;
    const mean = meanOf(
      runs.map(({ seed, oracle, nearlyIdle }) =>
        measure(scenario, runScenario(scenario, seed, createLimit), oracle, nearlyIdle),
      ),
    );
    higher(`${name} goodput`, mean.goodputAll, 0.02);
    lower(`${name} refused %`, mean.rejectedAllPct, 0.15);
    lower(`${name} s to 0.9`, mean.t90S, 2.5);
    lower(`${name} p95`, mean.p95Times, 0.15);
    for (const [atS, seconds] of Object.entries(mean.recoveryS)) lower(`${name} recovery after ${atS} s`, seconds, 4);
  }
  for (const { kind, runs } of course.wild) {
    const all = runs.map(({ host, seed, oracle }) => ({ host, seen: measureWild(host, seed, createLimit, oracle) }));
    const goodputs = all.map(({ seen }) => Math.min(1, seen.goodput)).sort((a, b) => a - b);
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    // A mean over more hosts has less of it, a count of them more.
    const chance = Math.sqrt(4 / all.length);
    higher(`*${kind}* goodput`, sum(goodputs) / goodputs.length, 0.02 * chance);
    higher(`*${kind}* least goodput`, goodputs[0] as number, 0.06);
    lower(`*${kind}* refused %`, sum(all.map(({ seen }) => seen.refusedPct)) / all.length, 0.3 * chance);
    lower(
      `*${kind}* hosts missed`,
      all.filter(({ host, seen }) => missesOf(host, seen).length > 0).length,
      0.5 / chance,
    );
    lower(`*${kind}* wasted`, Math.max(...all.map(({ seen }) => seen.wasted)), 10);
  }
  return figures;
}

/** What has become worse and better by more than chance, in words. */
export function moved(before: Figures, after: Figures): { readonly worse: string[]; readonly better: string[] } {
  const [worse, better]: [string[], string[]] = [[], []];
  for (const [name, { value, isBetterHigh, chance }] of before) {
    const now = after.get(name)?.value ?? Number.NaN;
    const gain = isBetterHigh ? now - value : value - now;
    const text = `${name} ${rounded(value)} → ${rounded(now)}`;
    if (gain > chance) better.push(text);
    else if (!(gain >= -chance)) worse.push(text);
  }
  return { worse, better };
}

function rounded(value: number): string {
  return value.toFixed(Math.abs(value) < 2 ? 3 : Math.abs(value) < 10 ? 2 : 0);
}
