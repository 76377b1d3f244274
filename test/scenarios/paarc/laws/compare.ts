/** All laws on hosts of all kinds: what each got of an oracle's goodput, and how much of it was refused. */

import { runOracle } from '../sim/run-scenario.ts';
import { loadScenarios } from '../sim/scenario.ts';
import type { WildHost } from '../wild/draw.ts';
import { measureWild } from '../wild/judge-wild.ts';
import { KINDS, wildHosts } from '../wild/kinds.ts';
import { LAWS } from './index.ts';

/** The scenario files, as one kind. */
const NAMED = 'named';
export const COMPARED_KINDS: readonly string[] = [NAMED, ...Object.keys(KINDS)];
/** A host whose run is longer is not taken: a law that hammers a closed door for hours costs minutes of CPU. */
const LONGEST_S = 1200;
/** Some kinds have no shorter ones; then the shortest of so many is taken. */
const DRAWN = 40;

export interface Cell {
  readonly law: string;
  readonly median: number;
  readonly least: number;
  /** Mean over the hosts, beyond what the oracle was refused. */
  readonly refusedPct: number;
}

export interface Row {
  readonly kind: string;
  readonly hosts: number;
  readonly cells: readonly Cell[];
}

/** @param count - hosts of a drawn kind; all of the named ones are met */
export function compareOn(kind: string, seed: number, count: number): Row {
  const hosts = hostsOf(kind, seed, count);
  const oracles = hosts.map(({ scenario }) => runOracle(scenario, seed));
  const cells = Object.entries(LAWS).map(([law, createLimit]) => {
    const all = hosts.map((host, index) => measureWild(host, seed, createLimit, oracles[index]));
    const goodputs = all.map(({ goodput }) => goodput).sort((a, b) => a - b);
    const middle = [Math.floor((all.length - 1) / 2), Math.ceil((all.length - 1) / 2)];
    return {
      law,
      median: meanOf(middle.map((index) => goodputs[index] as number)),
      least: goodputs[0] as number,
      refusedPct: meanOf(all.map(({ refusedPct }) => refusedPct)),
    };
  });
  return { kind, hosts: hosts.length, cells };
}

/** As a table of markdown, a row per kind and a column per law. */
export function tableOf(rows: readonly Row[]): string {
  const laws = rows[0]?.cells.map(({ law }) => law) ?? [];
  const lines = rows.map(({ kind, hosts, cells }) => `| ${[kind, hosts, ...cells.map(cellText)].join(' | ')} |`);
  return [`| kind | hosts | ${laws.join(' | ')} |`, `|---|---${'|---'.repeat(laws.length)}|`, ...lines].join('\n');
}

function cellText({ median, least, refusedPct }: Cell): string {
  return `${median.toFixed(2)} (${least.toFixed(2)}) ${Math.max(0, refusedPct).toFixed(1)} %`;
}

function hostsOf(kind: string, seed: number, count: number): WildHost[] {
  if (kind === NAMED) {
    return loadScenarios().map((scenario) => ({ scenario, least: 0, fromS: 30, refusedMostPct: 100 }));
  }
  const drawn = wildHosts(kind, seed, DRAWN);
  const short = drawn.filter(({ scenario }) => scenario.durationS <= LONGEST_S).slice(0, count);
  if (short.length > 0) return short;
  return drawn.sort((a, b) => a.scenario.durationS - b.scenario.durationS).slice(0, 1);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
