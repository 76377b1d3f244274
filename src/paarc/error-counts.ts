/** Errors among results, added up over rounds. */
import type { Interval } from './interval.ts';

/** Overload results among results, and their part of the time. */
export interface ErrorCounts {
  readonly overloads: number;
  readonly results: number;
  readonly ofTime: number;
}

/** No result yet. */
export const nothingSeen: ErrorCounts = { overloads: 0, results: 0, ofTime: 0 };

/** One more round. */
export function withRound(
  seen: ErrorCounts,
  round: Pick<Interval, 'overloads' | 'results' | 'overloadTimeShare'>,
): ErrorCounts {
  const results = seen.results + round.results;
  return {
    overloads: seen.overloads + round.overloads,
    results,
    ofTime: (seen.ofTime * seen.results + round.overloadTimeShare * round.results) / Math.max(1, results),
  };
}
