/** What a host has a limited amount of: requests a second, places to serve them in, bandwidth. */
import { type Clock, sleep } from '../clock.ts';

/** A bucket of tokens that refills at a steady rate. Pure: the caller brings the time, monotonic milliseconds. */
export class TokenBucket {
  readonly #tokensPerMs: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  /** @param burst - tokens in a full bucket, at least 1; the bucket starts full */
  constructor(tokensPerSecond: number, burst: number, nowMs: number) {
    if (!(tokensPerSecond > 0)) throw new RangeError(`tokensPerSecond: expected a number > 0, got ${tokensPerSecond}`);
    if (!(burst >= 1)) throw new RangeError(`burst: expected a number >= 1, got ${burst}`);
    this.#tokensPerMs = tokensPerSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  /** Take a token if there is one. */
  tryTake(nowMs: number): boolean {
    this.#refill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Milliseconds until the next token, 0 when one is there. */
  msUntilToken(nowMs: number): number {
    this.#refill(nowMs);
    return this.#tokens >= 1 ? 0 : (1 - this.#tokens) / this.#tokensPerMs;
  }

  #refill(nowMs: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, nowMs - this.#atMs) * this.#tokensPerMs);
    this.#atMs = nowMs;
  }
}

/** A fixed number of places and a bounded line in front of them, first come first served. */
export class ServiceQueue {
  #free: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<(taken: boolean) => void>();

  constructor(places: number, maxWaiting: number) {
    if (!Number.isInteger(places) || places < 1) throw new RangeError(`slots: expected an integer >= 1, got ${places}`);
    this.#free = places;
    this.#maxWaiting = maxWaiting;
  }

  /** Resolves true with a place taken; false when the line is full or the signal aborts first. */
  async take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    if (this.#waiting.size >= this.#maxWaiting) return false;
    return new Promise((resolve) => {
      const wake = (taken: boolean) => {
        signal.removeEventListener('abort', leave);
        this.#waiting.delete(wake);
        resolve(taken);
      };
      const leave = () => wake(false);
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.add(wake);
    });
  }

  /** Hands the place straight to the longest waiting. */
  release(): void {
    const [first] = this.#waiting;
    if (first === undefined) this.#free += 1;
    else first(true);
  }
}

/** The way out of one host, which all its replies share: bytes leave one after the other at a steady rate. */
export class Bandwidth {
  readonly #bytesPerMs: number;
  readonly #clock: Clock;
  #freeAtMs = 0;

  constructor(bytesPerSecond: number, clock: Clock) {
    if (!(bytesPerSecond > 0)) throw new RangeError(`bytesPerSecond: expected a number > 0, got ${bytesPerSecond}`);
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#clock = clock;
  }

  /** Resolves when so many bytes have left. Replies that send small pieces get equal parts of it. */
  async pass(bytes: number, gone: AbortSignal): Promise<void> {
    const nowMs = this.#clock.nowMs();
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + bytes / this.#bytesPerMs;
    await sleep(this.#clock, this.#freeAtMs - nowMs, gone);
  }
}
