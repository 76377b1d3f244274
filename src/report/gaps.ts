/** More would fill a screen, or the memory, when a whole folder is gone. */
const LISTED = 20;

/** What a report could not read, a sentence each; a long list ends with how many more there are. */
export class Gaps {
  readonly #sentences: string[] = [];
  #count = 0;

  add(sentence: string): void {
    this.#count += 1;
    if (this.#sentences.length < LISTED) this.#sentences.push(sentence);
  }

  all(): readonly string[] {
    const hidden = this.#count - this.#sentences.length;
    return hidden === 0 ? this.#sentences : [...this.#sentences, `and ${hidden} more of the kind`];
  }
}
