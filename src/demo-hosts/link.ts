/** The way out of a host, shared by its replies. */
import { type Clock, sleep } from '../clock.ts';

/** The way out of one host, which all its replies share: bytes leave one after the other at a steady rate. */
export class Link {
  readonly #bytesPerMs: number;
  readonly #clock: Clock;
  #freeAtMs = 0;

  constructor(bytesPerSecond: number, clock: Clock) {
    if (!(bytesPerSecond > 0)) throw new RangeError(`bytesPerSecond: expected a number > 0, got ${bytesPerSecond}`);
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#clock = clock;
  }

  /** Resolves when so many bytes have left. Replies that send small pieces get equal parts of the link. */
  async pass(bytes: number, gone: AbortSignal): Promise<void> {
    const nowMs = this.#clock.nowMs();
    this.#freeAtMs = Math.max(nowMs, this.#freeAtMs) + bytes / this.#bytesPerMs;
    await sleep(this.#clock, this.#freeAtMs - nowMs, gone);
  }
}
