/** How long a least delay is believed. Two clocks that differ by 50 ppm drift 3 ms in a minute. */
const windowMs = 30_000;

/**
 * Another process's monotonic clock, read on mine. Every message says when it was sent, on the sender's clock; the
 * least difference to its arrival over the last minute is the offset plus the least delay of a message. No wall clock
 * has a part in it.
 */
export class SenderClock {
  #leastMs = Number.POSITIVE_INFINITY;
  #previousMs = Number.POSITIVE_INFINITY;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** A message came in. */
  hear(sentMs: number, arrivedMs: number): void {
    if (arrivedMs - this.#sinceMs > windowMs) {
      this.#previousMs = this.#leastMs;
      this.#leastMs = Number.POSITIVE_INFINITY;
      this.#sinceMs = arrivedMs;
    }
    this.#leastMs = Math.min(this.#leastMs, arrivedMs - sentMs);
  }

  /** What to add to the sender's times; call after `hear`. */
  get offsetMs(): number {
    return Math.min(this.#leastMs, this.#previousMs);
  }

  /**
   * A time of the sender on my clock, not after `nowMs` and never before one that was read earlier: order is worth more
   * than accuracy.
   */
  read(senderMs: number, nowMs: number): number {
    this.#lastMs = Math.max(this.#lastMs, Math.min(nowMs, senderMs + this.offsetMs));
    return this.#lastMs;
  }
}
