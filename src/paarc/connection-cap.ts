/** Whether a 429 means "too many at once": by how many others the host was serving when it was earned. */
import type { Mark } from './accepted-log.ts';
import {
  capKeptRefusals,
  gradualLeast,
  gradualLevel,
  gradualMost,
  gradualRefusals,
  mostLevels,
  nearCap,
  sharp,
  strays,
  tellingGrants,
  tellingRefusals,
} from './rate-tuning.ts';

/** A refusal: which send it was of, and when it came. */
interface OnTheWay {
  readonly sends: number;
  readonly endedAtMs: number;
}

/**
 * Looks at what is sent after a first refusal. A rate that is a little too high refuses whoever comes next; a cap on
 * connections refuses those alone that met so many others, and nearly all of them.
 */
export class ConnectionCap {
  readonly #since: Mark;
  /** By level, as long as the highest one so far. */
  readonly #granted: number[] = [];
  readonly #refused: number[] = [];
  #refusals = 0;
  /** When the newest refusals had gone out and when they came, the last one last. */
  #onTheWay: OnTheWay[] = [];

  /** @param since - the first request that was refused */
  constructor(since: Mark) {
    this.#since = since;
  }

  granted(sent: Mark, inFlight: number): void {
    if (sent.sends <= this.#since.sends) return;
    const level = this.#level(sent, inFlight);
    this.#granted[level] = (this.#granted[level] ?? 0) + 1;
  }

  refused(sent: Mark, inFlight: number, nowMs: number): void {
    const level = this.#level(sent, inFlight);
    this.#refused[level] = (this.#refused[level] ?? 0) + 1;
    this.#refusals++;
    this.#onTheWay.push({ sends: sent.sends, endedAtMs: nowMs });
    if (this.#onTheWay.length > capKeptRefusals) this.#onTheWay.splice(0, capKeptRefusals / 2);
  }

  /** How many requests it lets in at once; undefined where it does not look like that. */
  get connections(): number | undefined {
    if (this.#refusals < tellingRefusals) return undefined;
    const { level, strayBelow, below, above, refusedAbove } = this.#split();
    const isCap = above <= (1 - sharp) * (above + refusedAbove) && strayBelow <= (1 - sharp) * (below + strayBelow);
    return level > 1 && level < mostLevels && below >= tellingGrants && isCap ? level - 1 : undefined;
  }

  /**
   * Some of those that met as many others as the refused ones were granted, and not nearly all: no small cap does that,
   * and one permit more or less is too much of a step for a rate.
   */
  get isGradual(): boolean {
    const { level, above, refusedAbove } = this.#split();
    const share = above / (above + refusedAbove);
    return level <= gradualLevel && this.#refusals >= gradualRefusals && share >= gradualLeast && share <= gradualMost;
  }

  /** Where refusals begin, but for strays, and what was sent and refused below and from there on. */
  #split(): { level: number; strayBelow: number; below: number; above: number; refusedAbove: number } {
    let stray = 0;
    let strayBelow = 0;
    let level = 1;
    for (; level <= mostLevels; level++) {
      stray += this.#refused[level] ?? 0;
      if (stray > strays * this.#refusals) break;
      strayBelow = stray;
    }
    const below = sum(this.#granted, Math.floor(nearCap * level), level);
    const above = sum(this.#granted, level, mostLevels);
    return { level, strayBelow, below, above, refusedAbove: this.#refusals - strayBelow };
  }

  /** What the host was serving with this request: refusals that were on their way back only count on our side. */
  #level({ sends, atMs }: Mark, inFlight: number): number {
    let level = inFlight;
    for (let at = this.#onTheWay.length - 1; at >= 0; at--) {
      const refusal = this.#onTheWay[at] as OnTheWay;
      if (refusal.endedAtMs <= atMs) break;
      if (refusal.sends < sends) level--;
    }
    return Math.min(mostLevels, Math.max(1, level));
  }
}

/** Over [from, to). */
function sum(counts: readonly number[], from: number, to: number): number {
  let all = 0;
  for (let at = from; at < Math.min(to, counts.length); at++) all += counts[at] ?? 0;
  return all;
}
