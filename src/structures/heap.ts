/** What comes first of many: a binary heap, and the things that become due made of one. */

/** Items with the first of them on top, whatever `before` takes for first. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  /** In no order that means anything. */
  get items(): readonly T[] {
    return this.#items;
  }

  add(item: T): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(item, items[parent] as T)) break;
      items[at] = items[parent] as T;
      at = parent;
    }
    items[at] = item;
  }

  takeFirst(): T | undefined {
    const first = this.#items[0];
    const last = this.#items.pop();
    if (this.#items.length > 0) this.replaceFirst(last as T);
    return first;
  }

  /** Put another item in the place of the first one, or the same one when it is no longer what it was. */
  replaceFirst(item: T): void {
    const items = this.#items;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#before(items[child + 1] as T, items[child] as T)) child += 1;
      if (!this.#before(items[child] as T, item)) break;
      items[at] = items[child] as T;
      at = child;
    }
    items[at] = item;
  }
}

/**
 * Things that become due, in order of time. One timer per agenda replaces one timer per waiting host. Entries are never
 * removed early; the owner checks on delivery whether the entry still means something.
 */
export class Agenda<T> {
  readonly #heap = new Heap<{ readonly atMs: number; readonly item: T }>((a, b) => a.atMs < b.atMs);

  get nextMs(): number {
    return this.#heap.first?.atMs ?? Number.POSITIVE_INFINITY;
  }

  add(atMs: number, item: T): void {
    this.#heap.add({ atMs, item });
  }

  /** Take the earliest entry that is due at `nowMs`, or undefined. */
  takeDue(nowMs: number): T | undefined {
    return this.nextMs > nowMs ? undefined : this.#heap.takeFirst()?.item;
  }
}
