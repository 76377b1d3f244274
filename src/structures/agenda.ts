/**
 * Things that become due, in order of time: a binary min-heap. One timer per agenda replaces one timer per waiting
 * host. Entries are never removed early; the owner checks on delivery whether the entry still means something.
 */
export class Agenda<T> {
  readonly #times: number[] = [];
  readonly #items: T[] = [];

  get nextMs(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY;
  }

  get size(): number {
    return this.#times.length;
  }

  add(atMs: number, item: T): void {
    const times = this.#times;
    const items = this.#items;
    let i = times.length;
    times.push(atMs);
    items.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if ((times[parent] as number) <= atMs) break;
      times[i] = times[parent] as number;
      items[i] = items[parent] as T;
      i = parent;
    }
    times[i] = atMs;
    items[i] = item;
  }

  /** Take the earliest entry that is due at `nowMs`, or undefined. */
  takeDue(nowMs: number): T | undefined {
    if (this.nextMs > nowMs) return undefined;
    const times = this.#times;
    const items = this.#items;
    const first = items[0] as T;
    const lastTime = times.pop() as number;
    const lastItem = items.pop() as T;
    if (times.length > 0) this.#sinkFromTop(lastTime, lastItem);
    return first;
  }

  #sinkFromTop(time: number, item: T): void {
    const times = this.#times;
    const items = this.#items;
    const size = times.length;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && (times[child + 1] as number) < (times[child] as number)) child += 1;
      if ((times[child] as number) >= time) break;
      times[i] = times[child] as number;
      items[i] = items[child] as T;
      i = child;
    }
    times[i] = time;
    items[i] = item;
  }
}
