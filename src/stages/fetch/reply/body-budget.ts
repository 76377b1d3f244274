/**
 * One pool of bytes for all bodies of the process. Whoever knows a body's length reserves all of it before reading, so
 * nobody holds a part and waits for the rest; whoever does not, takes what is free or goes to disk. Hence no deadlock.
 */
export class BodyBudget {
  readonly capacityBytes: number;
  #freeBytes: number;
  readonly #waiting: { bytes: number; grant: () => void }[] = [];

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
    this.#freeBytes = capacityBytes;
  }

  get usedBytes(): number {
    return this.capacityBytes - this.#freeBytes;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Take `bytes` now if they are free and nobody waits ahead. */
  tryTake(bytes: number): boolean {
    if (this.#waiting.length > 0 || bytes > this.#freeBytes) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  /**
   * Take `bytes` when they become free, first come first served.
   * @returns cancel: leaves the line; no effect once granted
   */
  take(bytes: number, grant: () => void): () => void {
    if (bytes > this.capacityBytes)
      throw new RangeError(`budget of ${this.capacityBytes} bytes can never grant ${bytes}`);
    const entry = { bytes, grant };
    this.#waiting.push(entry);
    this.#serve();
    return () => {
      const at = this.#waiting.indexOf(entry);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      this.#serve();
    };
  }

  give(bytes: number): void {
    this.#freeBytes += bytes;
    if (this.#freeBytes > this.capacityBytes) throw new RangeError('budget: more bytes given back than taken');
    this.#serve();
  }

  #serve(): void {
    for (
      let first = this.#waiting[0];
      first !== undefined && first.bytes <= this.#freeBytes;
      first = this.#waiting[0]
    ) {
      this.#waiting.shift();
      this.#freeBytes -= first.bytes;
      first.grant();
    }
  }
}
