/** Which extensions the samples of a dataset have, by its records. Pure. */
import type { UnitRecord } from '../../record.ts';

export class MediaSeen {
  readonly #likely: readonly string[];
  readonly #seen = new Set<string>();

  /** @param likely - what counts for records that do not say */
  constructor(likely: readonly string[]) {
    this.#likely = likely;
  }

  add({ stored, media }: Pick<UnitRecord, 'stored' | 'media'>): void {
    const names = media === undefined && stored > 0 ? this.#likely : Object.keys(media ?? {});
    for (const name of names) this.#seen.add(name);
  }

  /** What nearly all have first; the likely ones where nothing is stored. */
  extensions(): readonly string[] {
    const others = [...this.#seen].filter((name) => name !== 'jpg').sort();
    if (this.#seen.has('jpg')) return ['jpg', ...others];
    return others.length === 0 ? this.#likely : others;
  }
}
