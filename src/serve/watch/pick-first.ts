/** The first few of very many, without sorting all of them. */

/**
 * @param count - of items, which are named by their places
 * @param keyOf - what an item is sorted by; undefined for one that is left out
 * @param most - how many are wanted, in order
 * @returns places of the first ones, equal ones in their own order, and how many there are that are not left out
 */
export function firstOf<Key extends number | string>(
  count: number,
  keyOf: (place: number) => Key | undefined,
  isRising: boolean,
  most: number,
): { readonly found: number; readonly first: readonly number[] } {
  const best: { readonly place: number; readonly key: Key }[] = [];
  let found = 0;
  const isBefore = (a: Key, b: Key): boolean => (isRising ? a < b : a > b);
  const trim = (): void => {
    best.sort((a, b) => (isBefore(a.key, b.key) ? -1 : isBefore(b.key, a.key) ? 1 : a.place - b.place));
    best.length = Math.min(best.length, most);
  };
  let last: Key | undefined;
  for (let place = 0; place < count; place += 1) {
    const key = keyOf(place);
    if (key === undefined) continue;
    found += 1;
    // Behind all that are kept, and enough are.
    if (last !== undefined && !isBefore(key, last)) continue;
    best.push({ place, key });
    if (best.length < 2 * most + 64) continue;
    trim();
    last = best.at(-1)?.key;
  }
  trim();
  return { found, first: best.map(({ place }) => place) };
}
