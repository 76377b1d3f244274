/** Buckets for latencies: each holds those up to so many times those of the one before. */

const STEP = 1.35;
/** Up to 90 s; longer ones are in the last. */
export const LATENCY_BUCKETS = 39;

export function latencyBucket(ms: number): number {
  return Math.min(LATENCY_BUCKETS - 1, Math.max(0, Math.ceil(Math.log(Math.max(ms, 1)) / Math.log(STEP))));
}

/** In the middle of what a bucket stands for, ms. */
export function latencyOf(bucket: number): number {
  return STEP ** (bucket - 0.5);
}
