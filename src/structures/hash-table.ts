/** Open addressing, once: a table of hashes with a number each, and the set of texts that is made of one. */
import { TextHash } from './hash.ts';

/** The table becomes twice as large when it is too full. */
const GROWTH = 2;
const FIRST_PLACES = 2048;

/**
 * Places that are found by a 32-bit hash and hold a number other than 0; the owner tells whether a number is that of
 * the key it looks for. Linear probing: about one and a half looks per key at a load of a half, two and a half at
 * three quarters (Knuth, TAOCP 3, 6.4).
 */
export class HashTable {
  readonly #maxLoad: number;
  /** Pairs of number and hash, side by side because a miss of the cache is what a look costs; 0 is an empty place. */
  #words = new Int32Array(2 * FIRST_PLACES);
  #size = 0;

  /** @param maxLoad - the share of places that may be taken, below 1 */
  constructor(maxLoad: number) {
    this.#maxLoad = maxLoad;
  }

  get size(): number {
    return this.#size;
  }

  /** The first place with this hash, or the empty one where it belongs: its number says which. */
  first(hash: number): number {
    return this.#seek(hash, (hash << 1) & (this.#words.length - 1));
  }

  /** As `first`, behind a place that has the hash but not the key. */
  next(hash: number, place: number): number {
    return this.#seek(hash, (place + 2) & (this.#words.length - 1));
  }

  /** 0 where nothing is. */
  numberAt(place: number): number {
    return this.#words[place] as number;
  }

  /** Fill the empty place that `first` or `next` has found. Places are others afterwards. */
  fill(place: number, hash: number, number: number): void {
    this.#words[place] = number;
    this.#words[place + 1] = hash;
    this.#size += 1;
    if (this.#size * 2 > this.#words.length * this.#maxLoad) this.#grow();
  }

  clear(): void {
    this.#words.fill(0);
    this.#size = 0;
  }

  #seek(hash: number, from: number): number {
    const words = this.#words;
    const mask = words.length - 1;
    let place = from;
    while (words[place] !== 0 && words[place + 1] !== hash) place = (place + 2) & mask;
    return place;
  }

  #grow(): void {
    const old = this.#words;
    const words = new Int32Array(old.length * GROWTH);
    const mask = words.length - 1;
    for (let from = 0; from < old.length; from += 2) {
      if (old[from] === 0) continue;
      let place = ((old[from + 1] as number) << 1) & mask;
      while (words[place] !== 0) place = (place + 2) & mask;
      words[place] = old[from] as number;
      words[place + 1] = old[from + 1] as number;
    }
    this.#words = words;
  }
}

/**
 * Which texts were seen, by 63 bits of their hash: 11 to 22 bytes per text however long it is. Two of a hundred million
 * different texts are taken for the same with a chance of 1 in 1,800.
 */
export class TextSet {
  readonly #hash = new TextHash();
  readonly #table = new HashTable(0.75);

  get size(): number {
    return this.#table.size;
  }

  /** @returns false when the text was seen before */
  add(text: string): boolean {
    return this.addHash(this.#hash.of(text));
  }

  /** As `add`, of a text that was hashed already. */
  addHash({ low, high }: Readonly<TextHash>): boolean {
    const place = this.#placeOf(low, high);
    if (this.#table.numberAt(place) !== 0) return false;
    this.#table.fill(place, low, numberOf(high));
    return true;
  }

  has(text: string): boolean {
    const { low, high } = this.#hash.of(text);
    return this.#table.numberAt(this.#placeOf(low, high)) !== 0;
  }

  /** Where the hash is, or the empty place where it belongs. */
  #placeOf(low: number, high: number): number {
    const table = this.#table;
    let place = table.first(low);
    for (let number = table.numberAt(place); number !== 0 && number !== numberOf(high); number = table.numberAt(place))
      place = table.next(low, place);
    return place;
  }
}

/** The last bit is given up so that no text has the number of an empty place. */
function numberOf(high: number): number {
  return high | 1;
}
