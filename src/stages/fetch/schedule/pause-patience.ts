/**
 * How long a host may hold its rows by asking for quiet: a Retry-After is a host's word, and our time is ours. Pure;
 * times in ms.
 */
export class PausePatience {
  readonly #maxMs: number;
  /** Of the first pause since the last success. */
  #sinceMs: number | undefined;
  #overUntilMs = 0;

  /** @param maxMs - the pauses of a host without a success between them, in all */
  constructor(maxMs: number) {
    this.#maxMs = maxMs;
  }

  onSuccess(): void {
    this.#sinceMs = undefined;
    this.#overUntilMs = 0;
  }

  /** The host asks for `pauseMs` of quiet, from now on. */
  onPause(pauseMs: number, nowMs: number): void {
    this.#sinceMs ??= nowMs;
    if (nowMs + pauseMs - this.#sinceMs <= this.#maxMs) return;
    this.#overUntilMs = nowMs + Math.min(pauseMs, this.#maxMs);
    this.#sinceMs = undefined;
  }

  /** Rows of the host do not wait any longer: they end. */
  isOver(nowMs: number): boolean {
    return nowMs < this.#overUntilMs;
  }
}
