/** What a host saw, from its list of requests that ended. */

/** What the host saw in a window. */
export interface HostReport {
  readonly requests: number;
  readonly ok: number;
  /** Answers other than 200, and connections cut without an answer. */
  readonly refused: number;
  /** 95th percentile from the arrival of a request to the end of its 200; NaN without one. */
  readonly p95Ms: number;
  /** Answers of 200 in every second since the first request. */
  readonly okPerSecond: readonly number[];
}

export interface Ended {
  /** Since the first request. */
  readonly atMs: number;
  readonly tookMs: number;
  readonly isOk: boolean;
}

export function reportOn(ended: readonly Ended[], untilMs: number): HostReport {
  const seen = ended.filter(({ atMs }) => atMs < untilMs);
  const ok = seen.filter(({ isOk }) => isOk);
  const times = ok.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const okPerSecond: number[] = [];
  for (const { atMs } of ok) {
    const second = Math.floor(atMs / 1000);
    while (okPerSecond.length <= second) okPerSecond.push(0);
    okPerSecond[second] = (okPerSecond[second] ?? 0) + 1;
  }
  const p95Ms = times[Math.floor(0.95 * times.length)] ?? Number.NaN;
  return { requests: seen.length, ok: ok.length, refused: seen.length - ok.length, p95Ms, okPerSecond };
}
