/** What a run leaves behind. */
import type { Transition } from '../../../../src/paarc/limit.ts';
import type { Answer } from './host.ts';

const REJECTED: ReadonlySet<Answer['status'] | 408> = new Set([429, 502, 503, 408, 'reset']);

/** A decision with its time. */
export interface TimedTransition extends Transition {
  readonly atMs: number;
}

/** What a run left behind: counts per second of virtual time and every duration of a 200. */
export class Recorder {
  readonly okPerS: number[] = [];
  readonly rejectedPerS: number[] = [];
  readonly endedPerS: number[] = [];
  readonly sentPerS: number[] = [];
  /** Largest limit in force in a second. */
  readonly permitsPerS: number[] = [];
  readonly inFlight: { atMs: number; inFlight: number }[] = [];
  readonly okByClient: number[] = [];
  readonly transitions: TimedTransition[] = [];
  /** Sends inside a running pause: must stay 0. */
  sendsInPause = 0;
  #okAtMs: number[] = [];
  #okMs: number[] = [];

  sent(nowMs: number, _client: number, pauseUntilMs: number): void {
    add(this.sentPerS, nowMs);
    if (nowMs < pauseUntilMs) this.sendsInPause++;
  }

  ended(nowMs: number, client: number, answer: Answer | 'timeout', durationMs: number): void {
    add(this.endedPerS, nowMs);
    const status = answer === 'timeout' ? 408 : answer.status;
    if (status === 200) {
      add(this.okPerS, nowMs);
      this.okByClient[client] = (this.okByClient[client] ?? 0) + 1;
      this.#okAtMs.push(nowMs);
      this.#okMs.push(durationMs);
    } else if (REJECTED.has(status) || (answer !== 'timeout' && answer.isRefusal === true)) {
      add(this.rejectedPerS, nowMs);
    }
  }

  decided(atMs: number, transition: Transition): void {
    this.transitions.push({ atMs, ...transition });
  }

  /** Sample what is in force; called at a fixed pace. */
  observe(nowMs: number, permits: number, inFlight: number): void {
    const second = Math.floor(nowMs / 1000);
    this.permitsPerS[second] = Math.max(this.permitsPerS[second] ?? 0, permits);
    this.inFlight.push({ atMs: nowMs, inFlight });
  }

  /** p95 of the durations of 200s that ended in [fromS, toS); undefined when there were none. */
  p95Ms(fromS: number, toS: number): number | undefined {
    const low = lowerBound(this.#okAtMs, fromS * 1000);
    const high = lowerBound(this.#okAtMs, toS * 1000);
    if (high === low) return undefined;
    const sorted = Float64Array.from(this.#okMs.slice(low, high)).sort();
    return sorted[Math.min(sorted.length - 1, Math.floor(0.95 * sorted.length))];
  }
}

/** Sum of counts per second over [fromS, toS). */
export function sumSeconds(counts: readonly number[], fromS: number, toS: number): number {
  let sum = 0;
  for (let second = Math.max(0, fromS); second < toS; second++) sum += counts[second] ?? 0;
  return sum;
}

function add(counts: number[], nowMs: number): void {
  const second = Math.floor(nowMs / 1000);
  counts[second] = (counts[second] ?? 0) + 1;
}

function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
