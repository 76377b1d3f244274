/** Hosts of the kinds that the open web has and that no named scenario shows, drawn from a seed. */

import { SeededRandom } from '../sim/random.ts';
import { randomHosts } from '../sim/random-hosts.ts';
import { completeScenario } from '../sim/scenario.ts';
import { type Draw, fair, type Kind, type WildHost } from './draw.ts';
import { FURTHER_KINDS, LATER_KINDS } from './further-kinds.ts';
import { REFUSING_KINDS } from './refusing-kinds.ts';
import { SERVING_KINDS } from './serving-kinds.ts';

export const KINDS: Readonly<Record<string, Kind>> = { ...SERVING_KINDS, ...REFUSING_KINDS, ...LATER_KINDS };

/** Those, and the plain ones of random-hosts.ts. */
export const FRESH_KINDS: readonly string[] = ['plain', ...Object.keys(KINDS)];

/** Hosts of any of FRESH_KINDS or FURTHER_KINDS. @throws Error for another one */
export function freshHosts(kind: string, seed: number, count: number): WildHost[] {
  if (kind === 'plain') return plainHosts(seed, count);
  if (KINDS[kind] === undefined && FURTHER_KINDS[kind] === undefined)
    throw new Error(`no kind ${kind}: ${FRESH_KINDS.join(', ')}`);
  return wildHosts(kind, seed, count);
}

function plainHosts(seed: number, count: number): WildHost[] {
  const hosts: WildHost[] = [];
  for (let more = seed; hosts.length < count; more++)
    hosts.push(...randomHosts(more).map((scenario) => ({ ...fair, scenario })));
  // A stride takes some of each family.
  const stride = Math.max(1, Math.floor(hosts.length / count));
  return hosts.filter((_, index) => index % stride === 0).slice(0, count);
}

/** `count` hosts of a kind from one seed. */
export function wildHosts(kind: string, seed: number, count: number): WildHost[] {
  const draws = (KINDS[kind] ?? FURTHER_KINDS[kind]) as Kind;
  return Array.from({ length: count }, (_, index) => {
    const random = new SeededRandom(seed * 1009 + index);
    const between = (low: number, high: number): number => low * (high / low) ** random.uniform();
    const draw: Draw = {
      between,
      whole: (low, high) => Math.round(between(low, high)),
      oneOf: (...choices) => choices[Math.floor(random.uniform() * choices.length)] as (typeof choices)[number],
    };
    const { words, scenario, ...asked } = draws(draw);
    const { busyStartMs = 0, cpuPerS = null, ...rest } = scenario;
    const client = { busyStartMs, cpuPerS };
    const file = { name: `${kind}-${seed}-${index}`, words, client, ...rest };
    return {
      ...asked,
      scenario: completeScenario({ ...file, bands: { rejectedAllMaxPct: 100, rejectedAfter30MaxPct: 100 } }),
    };
  });
}
