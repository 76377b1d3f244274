/**
 * Virtual time: a binary heap of events in parallel arrays, first in first out among equal times.
 * Nothing here waits; a simulated minute costs what its events cost.
 */
export class EventQueue {
  nowMs = 0;
  #times: number[] = [];
  #orders: number[] = [];
  #actions: ((argument: unknown) => void)[] = [];
  #arguments: unknown[] = [];
  #nextOrder = 0;

  /** Run `action(argument)` at a time; a time in the past means now. */
  at<T>(timeMs: number, action: (argument: T) => void, argument: T): void {
    const time = Math.max(timeMs, this.nowMs);
    const order = this.#nextOrder++;
    const { times, orders, actions, args } = this.#arrays();
    let hole = times.length;
    times.push(time);
    orders.push(order);
    actions.push(action as (argument: unknown) => void);
    args.push(argument);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if ((times[parent] as number) <= time) break;
      this.#move(parent, hole);
      hole = parent;
    }
    this.#place(hole, time, order, action as (argument: unknown) => void, argument);
  }

  /** Run every event up to and including `endMs`, and leave the clock there. */
  runUntil(endMs: number): void {
    const times = this.#times;
    while (times.length > 0 && (times[0] as number) <= endMs) {
      this.nowMs = times[0] as number;
      const action = this.#actions[0] as (argument: unknown) => void;
      const argument = this.#arguments[0];
      this.#removeFirst();
      action(argument);
    }
    this.nowMs = endMs;
  }

  #removeFirst(): void {
    const { times, orders, actions, args } = this.#arrays();
    const time = times.pop() as number;
    const order = orders.pop() as number;
    const action = actions.pop() as (argument: unknown) => void;
    const argument = args.pop();
    const size = times.length;
    if (size === 0) return;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#before(child + 1, times[child] as number, orders[child] as number)) child++;
      if (!this.#before(child, time, order)) break;
      this.#move(child, hole);
      hole = child;
    }
    this.#place(hole, time, order, action, argument);
  }

  #before(index: number, time: number, order: number): boolean {
    const other = this.#times[index] as number;
    return other < time || (other === time && (this.#orders[index] as number) < order);
  }

  #move(from: number, to: number): void {
    this.#place(
      to,
      this.#times[from] as number,
      this.#orders[from] as number,
      this.#actions[from] as never,
      this.#arguments[from],
    );
  }

  #place(at: number, time: number, order: number, action: (argument: unknown) => void, argument: unknown): void {
    this.#times[at] = time;
    this.#orders[at] = order;
    this.#actions[at] = action;
    this.#arguments[at] = argument;
  }

  #arrays() {
    return { times: this.#times, orders: this.#orders, actions: this.#actions, args: this.#arguments };
  }
}
