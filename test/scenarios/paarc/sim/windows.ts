/** So many requests in a length of time. */
import type { Answer } from './host.ts';
import type { HostModel } from './scenario.ts';

type Window = NonNullable<HostModel['window']>;

/** Counts what a fixed or a sliding window has let through. */
export class Windows {
  #index = -1;
  #used = 0;
  /** Times of what counts, for a sliding window. */
  #passed: number[] = [];

  refusal(window: Window, nowMs: number): Answer | undefined {
    const { requests, lengthS, status = 429, isSliding = false, isBare = false } = window;
    const opensMs = isSliding ? this.#slide(window, nowMs) : this.#fixed(requests, lengthS, nowMs);
    if (opensMs === undefined) return undefined;
    const retryAfterMs = isBare ? undefined : Math.ceil((opensMs - nowMs) / 1000) * 1000;
    return { status, retryAfterMs, bytes: 0, isRefusal: true };
  }

  #fixed(requests: number, lengthS: number, nowMs: number): number | undefined {
    const index = Math.floor(nowMs / 1000 / lengthS);
    if (index !== this.#index) [this.#index, this.#used] = [index, 0];
    if (this.#used >= requests) return (index + 1) * lengthS * 1000;
    this.#used++;
    return undefined;
  }

  #slide({ requests, lengthS, isPoked = false }: Window, nowMs: number): number | undefined {
    const lengthMs = 1000 * lengthS;
    const oldest = this.#passed[this.#passed.length - requests];
    const isFull = oldest !== undefined && oldest > nowMs - lengthMs;
    if (!isFull || isPoked) this.#passed.push(nowMs);
    return isFull ? oldest + lengthMs : undefined;
  }
}
