/** A fixed number of places and a bounded line in front of them, first come first served. */
export class Slots {
  #free: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<(taken: boolean) => void>();

  constructor(slots: number, maxWaiting: number) {
    if (!Number.isInteger(slots) || slots < 1) throw new RangeError(`slots: expected an integer >= 1, got ${slots}`);
    this.#free = slots;
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
