/**
 * A double-ended queue on one array: amortised O(1) at both ends. Rows enter at the back; a row that must be tried
 * again enters at the front, so that the oldest unit finishes first.
 */
export class Fifo<T> {
  #items: T[] = [];
  #head = 0;
  /** Latest first. */
  readonly #returned: T[] = [];

  get size(): number {
    return this.#items.length - this.#head + this.#returned.length;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  unshift(item: T): void {
    this.#returned.push(item);
  }

  peek(): T | undefined {
    return this.#returned.length > 0 ? this.#returned[this.#returned.length - 1] : this.#items[this.#head];
  }

  shift(): T | undefined {
    if (this.#returned.length > 0) return this.#returned.pop();
    if (this.#head >= this.#items.length) return undefined;
    const item = this.#items[this.#head] as T;
    this.#items[this.#head] = undefined as T;
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
