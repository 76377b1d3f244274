import type { Interval } from '../../../src/paarc/interval.ts';

/** Latencies around 100 ms. */
export const durations = Array.from({ length: 105 }, (_, index) => 90 + (index % 21));

/** A quiet, saturated round of such a host, but for \`part\`. */
export function interval(part: Partial<Interval>): Interval {
  return {
    elapsedMs: 250,
    samples: 150,
    results: 150,
    overloads: 0,
    overloadTimeShare: 0,
    leastInFlightOverloaded: Number.POSITIVE_INFINITY,
    throughputPerS: 600,
    p50Ms: 100,
    p95Ms: 130,
    saturation: 1,
    clientLimited: false,
    durations,
    ...part,
  };
}
