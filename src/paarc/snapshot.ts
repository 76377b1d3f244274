/** What is worth keeping of a host for its next visit. */
import type { Baseline } from './baseline.ts';
import { quantile } from './interval.ts';
import { cautiousShare } from './tuning.ts';

/** What is worth keeping of a host for its next visit. Plain JSON, about a hundred bytes. */
export interface Snapshot {
  /** Requests in flight it carried. */
  readonly concurrency: number;
  /** Unloaded latency. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Rate it allowed; absent when it never answered 429. */
  readonly requestsPerSecond?: number | undefined;
}

/**
 * What to keep of a host; undefined while its latency is unknown.
 * @param rate - the rate in use, Infinity for none, and the last one that held
 */
export function snapshotOf(
  baseline: Baseline | undefined,
  concurrency: number,
  { perS, lowerPerS }: { readonly perS: number; readonly lowerPerS: number },
): Snapshot | undefined {
  if (baseline === undefined) return undefined;
  // A rate on trial is not worth keeping if one below it has held.
  const heldPerS = lowerPerS > 0 ? lowerPerS : perS;
  return {
    concurrency: Math.round(concurrency),
    p50Ms: hundredths(baseline.p50Ms),
    p95Ms: hundredths(baseline.p95Ms),
    requestsPerSecond: perS === Number.POSITIVE_INFINITY ? undefined : hundredths(heldPerS),
  };
}

/** Rounded for a file, never to 0, which no snapshot may hold. */
function hundredths(value: number): number {
  return Math.max(0.01, Math.round(100 * value) / 100);
}

/**
 * One prior for hosts that are alike (same registrable domain, same address): cautious in limit and rate, middling in
 * latency. A rate counts as soon as one of them has one: limits of rate are set per service, not per host.
 * @returns undefined without snapshots
 */
export function priorFrom(snapshots: readonly Snapshot[]): Snapshot | undefined {
  if (snapshots.length === 0) return undefined;
  const rates = snapshots.map((one) => one.requestsPerSecond).filter((rate) => rate !== undefined);
  return {
    concurrency: among(
      snapshots.map((one) => one.concurrency),
      cautiousShare,
    ),
    p50Ms: among(
      snapshots.map((one) => one.p50Ms),
      0.5,
    ),
    p95Ms: among(
      snapshots.map((one) => one.p95Ms),
      0.5,
    ),
    requestsPerSecond: rates.length === 0 ? undefined : among(rates, cautiousShare),
  };
}

function among(values: readonly number[], share: number): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    share,
  );
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
