/** A fixed number of places; whoever finds none free waits in line, first come first served. */
export class Semaphore {
  readonly #size: number;
  readonly #maxWaiting: number;
  readonly #line = new Set<(taken: boolean) => void>();
  #used = 0;

  /** @param maxWaiting - who comes when so many wait is turned away */
  constructor(size: number, maxWaiting = Number.POSITIVE_INFINITY) {
    if (!Number.isInteger(size) || size < 1) throw new RangeError(`slots: expected an integer >= 1, got ${size}`);
    this.#size = size;
    this.#maxWaiting = maxWaiting;
  }

  get used(): number {
    return this.#used;
  }

  get waiting(): number {
    return this.#line.size;
  }

  /** Run `work` in a place of its own. For semaphores without a limit to the line. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.take();
    try {
      return await work();
    } finally {
      this.release();
    }
  }

  /** Resolves true with a place taken; false when the line is full or the signal aborts first. */
  async take(signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return false;
    if (this.#used < this.#size) {
      this.#used += 1;
      return true;
    }
    if (this.#line.size >= this.#maxWaiting) return false;
    return new Promise((resolve) => {
      const wake = (taken: boolean): void => {
        signal?.removeEventListener('abort', leave);
        this.#line.delete(wake);
        resolve(taken);
      };
      const leave = (): void => wake(false);
      signal?.addEventListener('abort', leave, { once: true });
      this.#line.add(wake);
    });
  }

  /** Hands the place straight to the longest waiting, so `used` does not dip in between. */
  release(): void {
    const [first] = this.#line;
    if (first === undefined) this.#used -= 1;
    else first(true);
  }
}
