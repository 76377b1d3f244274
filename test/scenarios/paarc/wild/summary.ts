/** What a law made of many hosts: per kind, and against what is asked of it over all of them. */
import type { LimitFactory } from '../sim/run-scenario.ts';
import { runOracle } from '../sim/run-scenario.ts';
import { fair, type WildHost } from './draw.ts';
import { measureWild, missesOf, type WildMeasures } from './judge-wild.ts';

/** One host and what became of it. */
export interface Judged {
  readonly host: WildHost;
  readonly measures: WildMeasures;
  readonly misses: readonly string[];
}

/** Over all fair hosts at least so much of the oracle's goodput in the middle. The other bands are each host's own. */
const leastMedian = 0.98;

/** Every law meets the same hosts, with the same chance. */
export function judgeAll(hosts: readonly WildHost[], seed: number, laws: readonly LimitFactory[]): Judged[][] {
  const judged = laws.map((): Judged[] => []);
  for (const host of hosts) {
    const oracle = runOracle(host.scenario, seed);
    for (const [index, law] of laws.entries()) {
      const measures = measureWild(host, seed, law, oracle);
      judged[index]?.push({ host, measures, misses: missesOf(host, measures) });
    }
  }
  return judged;
}

/** The columns after the kind: a title, and a cell. Goodput in units of the oracle's, refused in % beyond its own. */
const COLUMNS: readonly (readonly [title: string, cell: (judged: readonly Judged[]) => string])[] = [
  ['hosts', (judged) => String(judged.length)],
  ['median', (judged) => middle(sorted(judged, 'goodput')).toFixed(3)],
  ['least', (judged) => first(sorted(judged, 'goodput')).toFixed(3)],
  ['refused %', (judged) => middle(sorted(judged, 'refusedPct')).toFixed(2)],
  ['most', (judged) => last(sorted(judged, 'refusedPct')).toFixed(1)],
  ['t90 s', (judged) => middle(sorted(judged, 't90S')).toFixed(0)],
  ['most', (judged) => last(sorted(judged, 't90S')).toFixed(0)],
  ['recovery s', (judged) => last(sorted(judged, 'recoveryS')).toFixed(0)],
  ['wasted', (judged) => last(sorted(judged, 'wasted')).toFixed(0)],
  ['missed', (judged) => String(judged.filter(({ misses }) => misses.length > 0).length)],
];

/** The head of the lines of `kindLine`: the middle host, and the worst one beside it or where only one is said. */
export const kindHead = ['kind'.padEnd(9), ...COLUMNS.map(([title]) => title.padStart(10))].join('');

/** One line for the hosts of a kind. */
export function kindLine(kind: string, judged: readonly Judged[]): string {
  return [kind.padEnd(9), ...COLUMNS.map(([, cell]) => cell(judged).padStart(10))].join('');
}

/** What is asked over all hosts, and whether it was reached. */
export function bandLines(judged: readonly Judged[]): string[] {
  const fairs = judged.filter(({ host }) => host.least >= fair.least && host.refusedMostPct <= 2.5);
  const goodputs = fairs.map(({ measures }) => measures.goodput).sort((a, b) => a - b);
  const below = goodputs.filter((goodput) => goodput < fair.least).length;
  const rude = fairs.filter(({ host, measures }) => measures.refusedPct > host.refusedMostPct).length;
  const late = judged.filter(({ host, measures }) => measures.recoveryS > (host.recoversWithinS ?? 0));
  const loud = judged.filter(({ host, measures }) => measures.wasted > (host.wastedMost ?? 0));
  const line = (isMet: boolean, text: string): string => `${isMet ? 'pass' : 'MISS'}  ${text}`;
  const median = middle(goodputs);
  return [
    line(median >= leastMedian, `median ${median.toFixed(3)} of ${fairs.length} fair hosts, asked ${leastMedian}`),
    line(below === 0, `least ${first(goodputs).toFixed(3)}, asked ${fair.least}: ${below} below`),
    line(rude === 0, `refused more than ${fair.refusedMostPct} % (2.5 % where a rate is strict): ${rude} hosts`),
    line(late.length === 0, `recovered late: ${late.length} hosts`),
    line(loud.length === 0, `wasted too much in a minute: ${loud.length} hosts`),
  ];
}

function sorted(judged: readonly Judged[], name: keyof WildMeasures): number[] {
  return judged.map(({ measures }) => measures[name]).sort((a, b) => a - b);
}

function first(ascending: readonly number[]): number {
  return ascending[0] ?? Number.NaN;
}

function middle(ascending: readonly number[]): number {
  return ascending[ascending.length >> 1] ?? Number.NaN;
}

function last(ascending: readonly number[]): number {
  return ascending.at(-1) ?? Number.NaN;
}
