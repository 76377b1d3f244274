/** What a wild host is, and what its parameters are drawn with. */
import type { HostModel, OracleStep, Scenario, Step } from '../sim/scenario.ts';

/** A host of a kind, and what is asked of a law there. */
export interface WildHost {
  readonly scenario: Scenario;
  /** Good replies over those of the oracle, from `fromS` on. */
  readonly least: number;
  readonly fromS: number;
  /** Refused replies in percent, beyond those that the oracle gets too, and from when on; from `fromS` when absent. */
  readonly refusedMostPct: number;
  readonly refusedFromS?: number;
  /** Seconds after the step in which a host is well again. */
  readonly recoversWithinS?: number;
  /** Refusals in any minute in which nothing else came. */
  readonly wastedMost?: number;
}

/** Draws the parameters of one host. */
export interface Draw {
  /** Even in the logarithm. */
  readonly between: (low: number, high: number) => number;
  readonly whole: (low: number, high: number) => number;
  readonly oneOf: <const T>(...choices: readonly T[]) => T;
}

/** A kind of host: its number in the list of kinds, and its draws. */
export type Kind = (draw: Draw) => Omit<WildHost, 'scenario'> & { readonly words: string; readonly scenario: Drawn };

export interface Drawn {
  readonly durationS: number;
  readonly host: Partial<HostModel>;
  readonly oracle: readonly OracleStep[];
  readonly steps?: readonly Step[];
  readonly busyStartMs?: number;
  readonly cpuPerS?: number;
}

/** Bands of a host that refuses nobody who keeps to its capacity. */
export const fair = { least: 0.86, fromS: 30, refusedMostPct: 1.1 };
export const exact = { baseSigma: 0.25, notFoundShare: 0, errorShare: 0 };

/** The limit that keeps all servers busy: Little's law, plus room for the spread of service times. */
export function fullLimit(slots: number, serviceMs: number, baseMs: number): number {
  const meanServiceMs = serviceMs * Math.exp(0.4 ** 2 / 2);
  const meanRestMs = baseMs * Math.exp(0.25 ** 2 / 2) + 5.5;
  return Math.ceil((slots * (meanServiceMs + meanRestMs)) / meanServiceMs + 0.8 * Math.sqrt(slots));
}

export function servers({ between, whole }: Draw, most: number) {
  const [slots, serviceMs, baseMs] = [whole(2, most), between(60, 500), between(20, 120)];
  const text = `${slots} servers of ${serviceMs.toFixed(0)} ms behind ${baseMs.toFixed(0)} ms`;
  return { host: { slots, serviceMs, baseMs }, concurrency: fullLimit(slots, serviceMs, baseMs), text };
}
