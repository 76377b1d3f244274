/** How many others the host was serving when it refused: whether refusals mean "too many at once". */
import type { Mark } from './accepted-log.ts';
import {
  gradualLeast,
  gradualLevel,
  gradualMost,
  gradualRefusals,
  keptRefusals,
  mostLevels,
  nearCap,
  sharp,
  strays,
  tellingGrants,
  tellingRefusals,
} from './rate-tuning.ts';

/** A request under way. */
export interface Flight {
  readonly mark: Mark;
  readonly inFlight: number;
}

/**
 * What is sent after a first refusal. A rate that is a little too high refuses whoever comes next; a cap on connections
 * refuses those alone that met so many others, and nearly all of them. Frozen.
 */
export interface Levels {
  /** The first send that was refused. */
  readonly sinceSends: number;
  /** By level, as long as the highest one so far. */
  readonly granted: readonly number[];
  readonly refused: readonly number[];
  readonly refusals: number;
  /** When the newest refusals had gone out and when they came, the last one last. */
  readonly onTheWay: readonly { readonly sends: number; readonly endedAtMs: number }[];
}

export function newLevels(sinceSends: number): Levels {
  return { sinceSends, granted: [], refused: [], refusals: 0, onTheWay: [] };
}

export function withGrant(levels: Levels, flight: Flight): Levels {
  if (flight.mark.sends <= levels.sinceSends) return levels;
  const { sinceSends, refused, refusals, onTheWay } = levels;
  return { sinceSends, granted: oneMore(levels.granted, levelOf(levels, flight)), refused, refusals, onTheWay };
}

export function withRefusal(levels: Levels, flight: Flight, nowMs: number): Levels {
  const { onTheWay } = levels;
  const kept = onTheWay.length < keptRefusals ? onTheWay : onTheWay.slice(keptRefusals / 2);
  return {
    ...levels,
    refused: oneMore(levels.refused, levelOf(levels, flight)),
    refusals: levels.refusals + 1,
    onTheWay: [...kept, { sends: flight.mark.sends, endedAtMs: nowMs }],
  };
}

/** Everything that was granted. */
export function grantsOf({ granted }: Levels): number {
  return sum(granted, 0, granted.length);
}

/** How many requests it lets in at once; undefined where it does not look like that. */
export function connectionCap(levels: Levels): number | undefined {
  if (levels.refusals < tellingRefusals) return undefined;
  const { level, strayBelow, below, above, refusedAbove } = split(levels);
  const isCap = above <= (1 - sharp) * (above + refusedAbove) && strayBelow <= (1 - sharp) * (below + strayBelow);
  return level > 1 && level < mostLevels && below >= tellingGrants && isCap ? level - 1 : undefined;
}

/**
 * Some of those that met as many others as the refused ones were granted, and not nearly all: no small cap does that,
 * and one permit more or less is too much of a step for a rate.
 */
export function isGradual(levels: Levels): boolean {
  const { level, above, refusedAbove } = split(levels);
  const share = above / (above + refusedAbove);
  return level <= gradualLevel && levels.refusals >= gradualRefusals && share >= gradualLeast && share <= gradualMost;
}

/** Where refusals begin, but for strays, and what was sent and refused below and from there on. */
function split({ granted, refused, refusals }: Levels): {
  level: number;
  strayBelow: number;
  below: number;
  above: number;
  refusedAbove: number;
} {
  let stray = 0;
  let strayBelow = 0;
  let level = 1;
  for (; level <= mostLevels; level++) {
    stray += refused[level] ?? 0;
    if (stray > strays * refusals) break;
    strayBelow = stray;
  }
  const below = sum(granted, Math.floor(nearCap * level), level);
  const above = sum(granted, level, mostLevels);
  return { level, strayBelow, below, above, refusedAbove: refusals - strayBelow };
}

/** What the host was serving with this request: refusals that were on their way back only count on our side. */
function levelOf({ onTheWay }: Levels, { mark: { sends, atMs }, inFlight }: Flight): number {
  let level = inFlight;
  for (let at = onTheWay.length - 1; at >= 0; at--) {
    const refusal = onTheWay[at] as Levels['onTheWay'][number];
    if (refusal.endedAtMs <= atMs) break;
    if (refusal.sends < sends) level--;
  }
  return Math.min(mostLevels, Math.max(1, level));
}

function oneMore(counts: readonly number[], level: number): number[] {
  const next = counts.slice();
  while (next.length <= level) next.push(0);
  next[level] = (next[level] as number) + 1;
  return next;
}

/** Over [from, to). */
function sum(counts: readonly number[], from: number, to: number): number {
  let all = 0;
  for (let at = from; at < Math.min(to, counts.length); at++) all += counts[at] ?? 0;
  return all;
}
