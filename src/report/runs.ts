/** When a job was worked on, as its timeline and its shards tell it, and how fast. */
import { heldBy, heldShare, type RunSpan, workedMs } from '../job/timeline.ts';
import type { Rates } from './report.ts';

/** Pauses shorter than this are within a run. Chosen. */
const PAUSE_MS = 60_000;
/** Two clocks tell of one run. Chosen. */
const SLIVER_MS = 2_000;

/** Times during which at least something went on. */
export class SpanUnion {
  readonly #spans: (readonly [startMs: number, endMs: number])[] = [];

  get isEmpty(): boolean {
    return this.#spans.length === 0;
  }

  add(startMs: number, endMs: number): void {
    this.#spans.push([startMs, endMs]);
  }

  /** What of it is in none of `others`, but for pieces too short to mean anything. */
  outside(
    others: readonly (readonly [startMs: number, endMs: number])[],
  ): (readonly [startMs: number, endMs: number])[] {
    let rest: (readonly [startMs: number, endMs: number])[] = this.#union(0);
    for (const [startMs, endMs] of others) {
      rest = rest.flatMap(([fromMs, toMs]): (readonly [number, number])[] => [
        [fromMs, Math.min(toMs, startMs)],
        [Math.max(fromMs, endMs), toMs],
      ]);
      rest = rest.filter(([fromMs, toMs]) => toMs - fromMs > SLIVER_MS);
    }
    return rest;
  }

  /** Without overlaps, ascending. */
  read(): (readonly [startMs: number, endMs: number])[] {
    return this.#union(PAUSE_MS);
  }

  #union(pauseMs: number): [startMs: number, endMs: number][] {
    const union: [startMs: number, endMs: number][] = [];
    for (const [startMs, endMs] of [...this.#spans].sort(([a], [b]) => a - b)) {
      const last = union.at(-1);
      if (last !== undefined && startMs <= last[1] + pauseMs) last[1] = Math.max(last[1], endMs);
      else union.push([startMs, endMs]);
    }
    return union;
  }
}

/** Workers whose submitter had left, and versions without a timeline: as long as any shard was being worked on. */
export function allRuns(runs: readonly RunSpan[], shards: SpanUnion): readonly RunSpan[] {
  const watched = runs.map(({ startedAtMs, elapsedMs, endedAtMs = startedAtMs }) => {
    const ends = [startedAtMs, startedAtMs + elapsedMs, endedAtMs];
    return [Math.min(...ends), Math.max(...ends)] as const;
  });
  const unwatched = runs.length === 0 ? shards.read() : shards.outside(watched);
  const all = [...runs, ...unwatched.map(([startedAtMs, endMs]) => ({ startedAtMs, elapsedMs: endMs - startedAtMs }))];
  return all.sort((a, b) => a.startedAtMs - b.startedAtMs);
}

export function ratesOf(
  { rows, bytes }: { readonly rows: number; readonly bytes: number },
  runs: readonly RunSpan[],
): Rates {
  const ms = workedMs(runs);
  const perSecond = (amount: number): number => (ms > 0 ? (amount * 1000) / ms : 0);
  return {
    ...{ workedMs: ms, rowsPerSecond: perSecond(rows), bytesPerSecond: perSecond(bytes) },
    ...{ heldShare: heldShare(runs), heldBy: heldBy(runs) },
  };
}
