/** The URLs of a manifest by row, for comparing them with what a dataset says its rows were. */
import { TextHash } from '../../structures/hash.ts';
import { type Publish, publisher } from '../published.ts';

const FIRST_ROWS = 64 * 1024;

/** Four bytes a row: two different URLs are taken for the same once in four billion. */
export class ManifestUrls {
  readonly #hash = new TextHash();
  readonly #publish: Publish;
  #hashes = new Uint32Array(FIRST_ROWS);
  #rows = 0;

  /** @param redactQuery - whether the dataset is without the queries of URLs, which count for nothing then */
  constructor(redactQuery = false) {
    this.#publish = publisher({ keepCredentials: false, redactQuery });
  }

  get rows(): number {
    return this.#rows;
  }

  /** The next row's. */
  add(url: string | null): void {
    if (this.#rows === this.#hashes.length) {
      const grown = new Uint32Array(this.#rows * 2);
      grown.set(this.#hashes);
      this.#hashes = grown;
    }
    this.#hashes[this.#rows] = this.#of(url);
    this.#rows += 1;
  }

  /** False for a row that the manifest does not have. */
  isSame(row: number, url: string | null): boolean {
    return row < this.#rows && this.#hashes[row] === this.#of(url);
  }

  /** Credentials in a URL count for nothing: a dataset may be without them. */
  #of(url: string | null): number {
    return this.#hash.of(this.#publish(url ?? '')).low >>> 0;
  }
}
