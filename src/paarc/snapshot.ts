/** What is worth keeping of a host for its next visit. */
import { quantile } from './quantile.ts';

/** What is worth keeping of a host for its next visit. Plain JSON, about a hundred bytes. */
export interface Snapshot {
  /** Requests in flight it carried. */
  readonly concurrency: number;
  /** Unloaded latency. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Rate it allowed; absent when it never answered 429. */
  readonly requestsPerSecond?: number;
}

/** A stranger gets the limit that three of four hosts like it have carried. Chosen, untested. */
const cautiousShare = 0.25;

/**
 * One prior for hosts that are alike (same registrable domain, same address): cautious in limit and rate, middling in
 * latency. A rate counts as soon as one of them has one: limits of rate are set per service, not per host.
 * @returns undefined without snapshots
 */
export function priorFrom(snapshots: readonly Snapshot[]): Snapshot | undefined {
  if (snapshots.length === 0) return undefined;
  const ascending = (pick: (one: Snapshot) => number | undefined): number[] =>
    snapshots
      .map(pick)
      .filter((value) => value !== undefined)
      .sort((a, b) => a - b);
  const rates = ascending((one) => one.requestsPerSecond);
  return {
    concurrency: quantile(
      ascending((one) => one.concurrency),
      cautiousShare,
    ),
    p50Ms: quantile(
      ascending((one) => one.p50Ms),
      0.5,
    ),
    p95Ms: quantile(
      ascending((one) => one.p95Ms),
      0.5,
    ),
    ...(rates.length === 0 ? {} : { requestsPerSecond: quantile(rates, cautiousShare) }),
  };
}

/**
 * Throws on a snapshot that no controller can have written (it comes from a file).
 * @throws RangeError
 */
export function assertSnapshot(snapshot: Snapshot): void {
  for (const name of ['concurrency', 'p50Ms', 'p95Ms'] as const) {
    const value = snapshot[name];
    if (!(value > 0 && value < Number.POSITIVE_INFINITY))
      throw new RangeError(`snapshot ${name}: expected a number above 0, got ${value}`);
  }
  const rate = snapshot.requestsPerSecond;
  if (rate !== undefined && !(rate > 0))
    throw new RangeError(`snapshot requestsPerSecond: expected a number above 0, got ${rate}`);
}
