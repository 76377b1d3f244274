/** One block of a bzip2 stream: Huffman codes, move-to-front and the Burrows-Wheeler transform undone. Pure. */
import { PackedError } from './packed-error.ts';

/** Of the largest block, before runs are written out. */
export const BLOCK_UNIT = 100_000;
const MAX_CODE_BITS = 20;
const GROUP_SYMBOLS = 50;
const FAST_BITS = 9;

/** Bits, the highest of a byte first. Behind the end they are zero, and counted. */
export class Bits {
  readonly #bytes: Uint8Array;
  #at = 0;
  #held = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Of at most 24 bits; they stay. */
  peek(bits: number): number {
    while (this.#count < bits) {
      this.#held = (this.#held << 8) | (this.#bytes[this.#at++] ?? 0);
      this.#count += 8;
    }
    return (this.#held >>> (this.#count - bits)) & ((1 << bits) - 1);
  }

  drop(bits: number): void {
    this.#count -= bits;
  }

  read(bits: number): number {
    const value = this.peek(bits);
    this.#count -= bits;
    return value;
  }

  read32(): number {
    return ((this.read(16) << 16) | this.read(16)) >>> 0;
  }

  /** Go on with the next whole byte. */
  align(): void {
    this.#count -= this.#count % 8;
  }

  /** Bits of the byte that was begun which were read. */
  get spare(): number {
    return (8 - (this.#count % 8)) % 8;
  }

  /** Bytes that were begun. */
  get bytes(): number {
    return this.#at - Math.floor(this.#count / 8);
  }

  /** More was read than there is. */
  get isOver(): boolean {
    return this.bytes > this.#bytes.length;
  }
}

/** Codes of one table, for their symbols. */
interface Codes {
  /** By the next bits: the symbol, and the length of its code; 0 for longer ones. */
  readonly fast: Uint16Array;
  readonly shortest: number;
  readonly limit: Int32Array;
  readonly base: Int32Array;
  readonly symbols: Uint16Array;
}

export interface Bzip2Block {
  /** Bytes, each with the place of the next one above it. */
  readonly chain: Uint32Array;
  readonly length: number;
  /** Where the first byte is. */
  readonly start: number;
}

/** Behind a block's mark and sum. @param chain - room for the block; its content goes. Errors: PackedError. */
export function readBlock(bits: Bits, chain: Uint32Array): Bzip2Block {
  if (bits.read(1) !== 0) throw new PackedError('a block of the obsolete randomised kind');
  const origin = bits.read(24);
  const used = usedBytes(bits);
  const tables = bits.read(3);
  const selectorCount = bits.read(15);
  if (used.length === 0 || tables < 2 || tables > 6 || selectorCount === 0) throw new PackedError('a damaged block');
  const selectors = readSelectors(bits, tables, selectorCount);
  const symbols = used.length + 2;
  const codes = Array.from({ length: tables }, () => readCodes(bits, symbols));
  const counts = new Uint32Array(256);
  const length = readSymbols(bits, { used, selectors, codes, end: symbols - 1 }, chain, counts);
  if (bits.isOver) throw new PackedError('cut off');
  if (origin >= length) throw new PackedError('a damaged block');
  for (let byte = 0, sum = 0; byte < 256; byte++) {
    const own = counts[byte] as number;
    counts[byte] = sum;
    sum += own;
  }
  for (let at = 0; at < length; at++) {
    const byte = (chain[at] as number) & 0xff;
    const place = counts[byte] as number;
    counts[byte] = place + 1;
    chain[place] = (((chain[place] as number) & 0xff) | (at << 8)) >>> 0;
  }
  return { chain, length, start: (chain[origin] as number) >>> 8 };
}

function usedBytes(bits: Bits): number[] {
  const rows = bits.read(16);
  const used: number[] = [];
  for (let row = 0; row < 16; row++) {
    if ((rows & (0x8000 >> row)) === 0) continue;
    const columns = bits.read(16);
    for (let column = 0; column < 16; column++) if ((columns & (0x8000 >> column)) !== 0) used.push(row * 16 + column);
  }
  return used;
}

function readSelectors(bits: Bits, tables: number, count: number): Uint8Array {
  const order = Array.from({ length: tables }, (_, table) => table);
  const selectors = new Uint8Array(count);
  for (let at = 0; at < count; at++) {
    let place = 0;
    while (bits.read(1) === 1) if (++place >= tables) throw new PackedError('a damaged block');
    const [table = 0] = order.splice(place, 1);
    order.unshift(table);
    selectors[at] = table;
  }
  return selectors;
}

function readCodes(bits: Bits, symbols: number): Codes {
  const lengths = new Uint8Array(symbols);
  let length = bits.read(5);
  for (let symbol = 0; symbol < symbols; symbol++) {
    for (;;) {
      if (length < 1 || length > MAX_CODE_BITS) throw new PackedError('a damaged block');
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return codesOf(lengths);
}

function codesOf(lengths: Uint8Array): Codes {
  const counts = new Int32Array(MAX_CODE_BITS + 2);
  for (const length of lengths) (counts[length] as number)++;
  const limit = new Int32Array(MAX_CODE_BITS + 1).fill(-1);
  const base = new Int32Array(MAX_CODE_BITS + 1);
  const symbols = new Uint16Array(lengths.length);
  const fast = new Uint16Array(1 << FAST_BITS);
  let shortest = 0;
  let place = 0;
  for (let length = 1, code = 0; length <= MAX_CODE_BITS; length++, code <<= 1) {
    base[length] = place - code;
    lengths.forEach((own, symbol) => {
      if (own !== length) return;
      symbols[place++] = symbol;
      if (length <= FAST_BITS) fillFast(fast, code, length, symbol);
      code++;
    });
    limit[length] = code - 1;
    if (counts[length] !== 0 && shortest === 0) shortest = length;
  }
  return { fast, shortest, limit, base, symbols };
}

function fillFast(fast: Uint16Array, code: number, length: number, symbol: number): void {
  const spare = FAST_BITS - length;
  fast.fill((symbol << 5) | length, code << spare, (code + 1) << spare);
}

function readSymbol(bits: Bits, { fast, shortest, limit, base, symbols }: Codes): number {
  const found = fast[bits.peek(FAST_BITS)] as number;
  if (found !== 0) {
    bits.drop(found & 31);
    return found >> 5;
  }
  for (let length = shortest; length <= MAX_CODE_BITS; length++) {
    const code = bits.peek(length);
    if (code > (limit[length] as number)) continue;
    bits.drop(length);
    const symbol = symbols[code + (base[length] as number)];
    if (symbol !== undefined) return symbol;
    break;
  }
  throw new PackedError('a damaged block');
}

interface Alphabet {
  readonly used: readonly number[];
  readonly selectors: Uint8Array;
  readonly codes: readonly Codes[];
  /** The symbol behind the last byte. */
  readonly end: number;
}

/** @returns how many bytes there are */
function readSymbols(bits: Bits, alphabet: Alphabet, chain: Uint32Array, counts: Uint32Array): number {
  const { selectors, codes, end } = alphabet;
  const front = Uint8Array.from(alphabet.used);
  let [length, run, weight, left, group] = [0, 0, 1, 0, 0];
  let table = codes[0] as Codes;
  for (;;) {
    if (left-- === 0) {
      if (group >= selectors.length) throw new PackedError(bits.isOver ? 'cut off' : 'a damaged block');
      table = codes[selectors[group++] as number] as Codes;
      left = GROUP_SYMBOLS - 1;
    }
    const symbol = readSymbol(bits, table);
    if (symbol < 2) {
      run += weight << symbol;
      weight <<= 1;
      if (run > chain.length) throw new PackedError('a damaged block');
      continue;
    }
    if (run > 0) {
      const byte = front[0] as number;
      if (length + run > chain.length) throw new PackedError('a damaged block');
      chain.fill(byte, length, length + run);
      (counts[byte] as number) += run;
      length += run;
      [run, weight] = [0, 1];
    }
    if (symbol === end) return length;
    if (length >= chain.length) throw new PackedError('a damaged block');
    const place = symbol - 1;
    const byte = front[place] as number;
    front.copyWithin(1, 0, place);
    front[0] = byte;
    chain[length++] = byte;
    (counts[byte] as number)++;
  }
}
