/** What lies in its final place already: of thousands of records that are met again, a look at each would take long. */
import type { Artifact } from '../../record.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/** Digits of a shard's name that are listed together: a thousand units. */
const TOGETHER = 3;
/** Groups that are remembered. Units come in about the order of their names. */
const REMEMBERED = 4;

export class FinalObjects {
  readonly #groups = new Map<string, Promise<ReadonlyMap<string, number>>>();
  #open: Promise<ReadonlySet<string>> | undefined;

  /**
   * Whether an artifact is there for certain. One that came since it was looked for is not told.
   */
  async has(store: ObjectStore, { name, bytes, upload }: Artifact): Promise<boolean> {
    // Of its name and size could also be what a unit left that was taken back.
    if (upload !== undefined && (await this.#openUploads(store)).has(upload.id)) return false;
    return (await this.#group(store, name.slice(0, TOGETHER))).get(name) === bytes;
  }

  #openUploads(store: ObjectStore): Promise<ReadonlySet<string>> {
    this.#open ??= (async () => {
      const ids = new Set<string>();
      for await (const { id } of store.uploads('')) ids.add(id);
      return ids;
    })().catch((error: unknown) => {
      this.#open = undefined;
      throw error;
    });
    return this.#open;
  }

  #group(store: ObjectStore, prefix: string): Promise<ReadonlyMap<string, number>> {
    const known = this.#groups.get(prefix);
    if (known !== undefined) return known;
    const listing = (async () => {
      const sizes = new Map<string, number>();
      for await (const { key, bytes } of store.list(prefix)) sizes.set(key, bytes);
      return sizes;
    })().catch((error: unknown) => {
      this.#groups.delete(prefix);
      throw error;
    });
    this.#groups.set(prefix, listing);
    const [oldest] = this.#groups.keys();
    if (this.#groups.size > REMEMBERED && oldest !== undefined) this.#groups.delete(oldest);
    return listing;
  }
}
