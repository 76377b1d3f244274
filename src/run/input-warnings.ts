/** What is odd about a manifest: said before anything is fetched, or when it shows while rows are read. */
import type { ManifestReader } from '../stages/manifest/manifest-reader.ts';

export class InputWarnings {
  readonly #said: Set<string>;
  /** Told of each that shows from now on. */
  onWarning: (message: string) => void = () => {};

  /** @param said - what was said before */
  constructor(said: readonly string[]) {
    this.#said = new Set(said);
  }

  /** All there are so far, a line each. */
  get all(): readonly string[] {
    return [...this.#said];
  }

  /** A manifest may be read more than once, and says the same each time. */
  of(reader: ManifestReader): ManifestReader {
    return reader.on('warning', (message: string) => {
      if (this.#said.has(message)) return;
      this.#said.add(message);
      this.onWarning(message);
    });
  }
}
