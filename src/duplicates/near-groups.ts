/**
 * Which of many 64-bit hashes are nearly the same, without comparing each with each: of two that differ in at most three
 * bits one of four bands of 16 bits is the same, so only those are compared that share a band. Pure.
 */

/** Bits in which hashes of one group may differ. One more would need bands so short that a million has long lines in each. */
export const NEAR_BITS = 3;
const BAND_BITS = 16;
const BANDS = NEAR_BITS + 1;

/** Hashes as two halves each, in arrays of equal length. */
export interface Hashes {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

/**
 * Groups are closed: what is near to one of a group is in it, so its ends may be further apart.
 * @returns for each hash the smallest index of its group, its own where it is alone
 */
export function nearGroups(hashes: Hashes): Int32Array {
  const { high, low } = hashes;
  const groups = new Groups(high.length);
  const order = sortedByHash(hashes);
  const different: number[] = [];
  for (const [at, index] of order.entries()) {
    const before = at === 0 ? -1 : (order[at - 1] as number);
    if (before >= 0 && high[before] === high[index] && low[before] === low[index]) groups.join(before, index);
    else different.push(index);
  }
  for (let band = 0; band < BANDS; band += 1) joinBand(hashes, different, band, groups);
  return groups.firsts();
}

function sortedByHash({ high, low }: Hashes): Uint32Array {
  return Uint32Array.from(high, (_, index) => index).sort(
    (a, b) => (high[a] as number) - (high[b] as number) || (low[a] as number) - (low[b] as number),
  );
}

/** By counting: as many places as a band has values. */
function joinBand({ high, low }: Hashes, indexes: readonly number[], band: number, groups: Groups): void {
  const bandOf = (index: number): number =>
    ((band < 2 ? (high[index] as number) : (low[index] as number)) >>> (band % 2 === 0 ? BAND_BITS : 0)) & 0xffff;
  const starts = new Uint32Array(2 ** BAND_BITS + 1);
  for (const index of indexes) starts[bandOf(index) + 1] = (starts[bandOf(index) + 1] as number) + 1;
  for (let value = 0; value < 2 ** BAND_BITS; value += 1)
    starts[value + 1] = (starts[value + 1] as number) + (starts[value] as number);
  const next = starts.slice();
  const lines = new Uint32Array(indexes.length);
  for (const index of indexes) {
    const value = bandOf(index);
    lines[next[value] as number] = index;
    next[value] = (next[value] as number) + 1;
  }
  for (let value = 0; value < 2 ** BAND_BITS; value += 1) {
    const end = starts[value + 1] as number;
    for (let a = starts[value] as number; a < end; a += 1)
      for (let b = a + 1; b < end; b += 1) {
        const [one, other] = [lines[a] as number, lines[b] as number];
        const bits =
          bitsIn((high[one] as number) ^ (high[other] as number)) +
          bitsIn((low[one] as number) ^ (low[other] as number));
        if (bits <= NEAR_BITS) groups.join(one, other);
      }
  }
}

function bitsIn(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Things that are together, each by the smallest of them. */
class Groups {
  readonly #up: Int32Array;

  constructor(size: number) {
    this.#up = Int32Array.from({ length: size }, (_, index) => index);
  }

  join(a: number, b: number): void {
    const [one, other] = [this.#first(a), this.#first(b)];
    if (one < other) this.#up[other] = one;
    else this.#up[one] = other;
  }

  firsts(): Int32Array {
    return this.#up.map((_, index) => this.#first(index));
  }

  #first(index: number): number {
    let first = index;
    while (this.#up[first] !== first) {
      this.#up[first] = this.#up[this.#up[first] as number] as number;
      first = this.#up[first] as number;
    }
    return first;
  }
}
