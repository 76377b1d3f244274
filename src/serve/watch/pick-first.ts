/** The first few of very many, without sorting all of them. */

/**
 * @param items - what is picked from
 * @param keys - of each item
 * @param most - how many are wanted, in order
 * @returns equal ones in the order of `items`
 */
export function firstOf<Item>(
  items: readonly Item[],
  keys: ArrayLike<number> | readonly string[],
  isRising: boolean,
  most: number,
): Item[] {
  const places = Uint32Array.from(items.keys());
  const sign = isRising ? 1 : -1;
  const before = (a: number, b: number): number => {
    const [x, y] = [keys[a] as number, keys[b] as number];
    return x < y ? -sign : x > y ? sign : a - b;
  };
  const wanted = Math.min(most, places.length);
  if (wanted < places.length) partition(places, wanted, before);
  return Array.from(places.subarray(0, wanted).sort(before), (place) => items[place] as Item);
}

/** Brings the first `wanted` to the front, in any order. Takes time in proportion to the number of places. */
function partition(places: Uint32Array, wanted: number, before: (a: number, b: number) => number): void {
  let [low, high] = [0, places.length - 1];
  while (low < high) {
    // All keys differ, by their places if by nothing else, so this ends.
    const pivot = places[(low + high) >> 1] as number;
    let [i, j] = [low, high];
    while (i <= j) {
      while (before(places[i] as number, pivot) < 0) i += 1;
      while (before(places[j] as number, pivot) > 0) j -= 1;
      if (i > j) break;
      [places[i], places[j]] = [places[j] as number, places[i] as number];
      i += 1;
      j -= 1;
    }
    if (wanted <= j) high = j;
    else if (wanted > i) low = i;
    else return;
  }
}
