/** What a host has a limited amount of: requests a second, bandwidth. */
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
