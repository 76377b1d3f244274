/** A fixed number of places; whoever finds none free waits in line. */
export class Slots {
  readonly #size: number;
  readonly #waiting: (() => void)[] = [];
  #used = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get used(): number {
    return this.#used;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Run `work` in a place of its own. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    // A freed place goes to the first in line directly, so `used` does not dip in between.
    if (this.#used < this.#size) this.#used += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#used -= 1;
      else next();
    }
  }
}
