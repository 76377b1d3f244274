/** Probes, more of which may come while others are under way. */
import { Readable } from 'node:stream';

/** A readable of items that come while others are under way, until it is told that no more will come. */
export class ProbeQueue<Item> extends Readable {
  readonly #items: Item[] = [];
  #at = 0;
  #isWanted = false;
  #isFinished = false;

  constructor() {
    super({ objectMode: true });
  }

  add(item: Item): void {
    this.#items.push(item);
    this.#handOn();
  }

  /** Nothing more will come. */
  finish(): void {
    this.#isFinished = true;
    this.#handOn();
  }

  override _read(): void {
    this.#isWanted = true;
    this.#handOn();
  }

  #handOn(): void {
    while (this.#isWanted && this.#at < this.#items.length) this.#isWanted = this.push(this.#items[this.#at++]);
    if (!this.#isWanted || !this.#isFinished) return;
    this.#isWanted = false;
    this.push(null);
  }
}
