/** Numbers by id; ids that were never counted have 0. Exact to 2^53. */
export class Counts {
  #values = new Float64Array(1024);

  of(id: number): number {
    return this.#values[id] ?? 0;
  }

  /** Count each of `ids` once. */
  addAll(ids: Int32Array, size: number): void {
    this.#reserve(size);
    const values = this.#values;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as number;
      values[id] = (values[id] as number) + 1;
    }
  }

  /** Ids of [from, to) by falling count, equal ones by rising id. */
  ranked(from: number, to: number): Uint32Array {
    const ids = new Uint32Array(to - from);
    for (let i = 0; i < ids.length; i++) ids[i] = from + i;
    return ids.sort((a, b) => this.of(b) - this.of(a) || a - b);
  }

  #reserve(size: number): void {
    if (size <= this.#values.length) return;
    const values = new Float64Array(Math.max(size, this.#values.length * 2));
    values.set(this.#values);
    this.#values = values;
  }
}
