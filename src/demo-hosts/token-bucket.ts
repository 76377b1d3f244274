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
