/** A link that bodies share. */
import type { EventQueue } from './event-queue.ts';

interface Flow<T> {
  /** Service credit at which the last byte has left. */
  readonly endsAt: number;
  readonly argument: T;
}

/**
 * A link shared evenly by all bodies on it (processor sharing), each at most at its own cap. Every flow gets the same
 * rate at any time, so one running sum of bytes-per-flow ("credit") orders all the ends: a flow ends when the credit
 * has grown by its size. Arrivals and ends move one event instead of one per flow.
 */
export class SharedLink<T> {
  readonly #queue: EventQueue;
  #bytesPerMs: number;
  readonly #flowBytesPerMs: number;
  readonly #done: (argument: T) => void;
  #flows: Flow<T>[] = [];
  #credit = 0;
  #creditAtMs = 0;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(queue: EventQueue, bytesPerS: number, flowBytesPerS: number, done: (argument: T) => void) {
    this.#queue = queue;
    this.#bytesPerMs = bytesPerS / 1000;
    this.#flowBytesPerMs = flowBytesPerS / 1000;
    this.#done = done;
  }

  /** The link gets faster or slower now. */
  change(bytesPerS: number): void {
    if (bytesPerS === 1000 * this.#bytesPerMs) return;
    this.#advance();
    this.#bytesPerMs = bytesPerS / 1000;
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#arm();
  }

  /** A body starts; `done(argument)` runs when its last byte has left. */
  start(bytes: number, argument: T): void {
    this.#advance();
    this.#insert({ endsAt: this.#credit + bytes, argument });
    this.#arm();
  }

  #rate(): number {
    return Math.min(this.#flowBytesPerMs, this.#bytesPerMs / this.#flows.length);
  }

  #advance(): void {
    if (this.#flows.length > 0) this.#credit += this.#rate() * (this.#queue.nowMs - this.#creditAtMs);
    this.#creditAtMs = this.#queue.nowMs;
  }

  #arm(): void {
    const first = this.#flows[0];
    if (first === undefined) return;
    const endMs = this.#queue.nowMs + Math.max(0, first.endsAt - this.#credit) / this.#rate();
    // A later end (the link got fuller) is found again when the armed event fires early; only an earlier one needs a
    // new event.
    if (endMs >= this.#armedFor) return;
    this.#armedFor = endMs;
    this.#queue.at(endMs, this.#fire, endMs);
  }

  #fire = (armedForMs: number): void => {
    if (armedForMs !== this.#armedFor) return;
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#advance();
    const ended: T[] = [];
    for (;;) {
      const first = this.#flows[0];
      // A thousandth of a byte: the credit is a float sum.
      if (first === undefined || first.endsAt > this.#credit + 1e-3) break;
      ended.push(first.argument);
      this.#removeFirst();
    }
    this.#arm();
    for (const argument of ended) this.#done(argument);
  };

  #insert(flow: Flow<T>): void {
    const flows = this.#flows;
    let hole = flows.length;
    flows.push(flow);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = flows[parent] as Flow<T>;
      if (above.endsAt <= flow.endsAt) break;
      flows[hole] = above;
      hole = parent;
    }
    flows[hole] = flow;
  }

  #removeFirst(): void {
    const flows = this.#flows;
    const last = flows.pop() as Flow<T>;
    if (flows.length === 0) return;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= flows.length) break;
      if (child + 1 < flows.length && (flows[child + 1] as Flow<T>).endsAt < (flows[child] as Flow<T>).endsAt) child++;
      if ((flows[child] as Flow<T>).endsAt >= last.endsAt) break;
      flows[hole] = flows[child] as Flow<T>;
      hole = child;
    }
    flows[hole] = last;
  }
}
