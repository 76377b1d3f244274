/** Work that goes on after what began it has ended: clean-up, late verdicts. */
export class Background {
  readonly #unfinished = new Set<Promise<void>>();
  readonly #onFatal: (error: Error) => void;

  constructor(onFatal: (error: Error) => void) {
    this.#onFatal = onFatal;
  }

  /** What fails ends the stage. */
  add(work: Promise<void>): void {
    const watched = work.catch(this.#onFatal).finally(() => this.#unfinished.delete(watched));
    this.#unfinished.add(watched);
  }

  /** Resolves when nothing goes on any more. */
  async settled(): Promise<void> {
    while (this.#unfinished.size > 0) await Promise.all(this.#unfinished);
  }
}
