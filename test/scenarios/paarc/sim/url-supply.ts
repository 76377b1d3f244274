/** Where URLs come from. */
import type { EventQueue } from './event-queue.ts';

/** Where URLs come from: without end, or so many per second. A URL is its index. */
export class UrlSupply {
  readonly #queue: EventQueue;
  readonly #listeners: (() => void)[] = [];
  #perS: number | undefined;
  #waiting = 0;
  #nextIndex = 0;
  #epoch = 0;

  constructor(queue: EventQueue, perS: number | null | undefined) {
    this.#queue = queue;
    this.change(perS);
  }

  /** From now on: `null` for without end. */
  change(perS: number | null | undefined): void {
    this.#perS = perS ?? undefined;
    this.#epoch++;
    if (this.#perS === undefined) this.#tell();
    else this.#queue.at(this.#queue.nowMs, this.#arrive, this.#epoch);
  }

  onArrival(listener: () => void): void {
    this.#listeners.push(listener);
  }

  waiting(): number {
    return this.#perS === undefined ? 1_000_000 : this.#waiting;
  }

  take(): number {
    if (this.#perS !== undefined) this.#waiting--;
    return this.#nextIndex++;
  }

  #arrive = (epoch: number): void => {
    if (epoch !== this.#epoch || this.#perS === undefined) return;
    this.#waiting++;
    this.#queue.at(this.#queue.nowMs + 1000 / this.#perS, this.#arrive, epoch);
    this.#tell();
  };

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
