/** Hosts read off the bytes of URLs. */
import type { Data } from 'apache-arrow';
import { viewOf } from '../arrow/copy-bytes.ts';
import { ByteTable } from '../structures/byte-table.ts';
import { hostOf } from './host.ts';

/** Authorities that only the full parser understands are remembered, so many at a time; then the memory starts over. */
const MAX_UNUSUAL = 65_536;

const [COLON, SLASH, DASH, DOT] = [0x3a, 0x2f, 0x2d, 0x2e];
/** `http` and `s://`, as words. */
const [HTTP, SECURE] = [0x70747468, 0x2f2f3a73];
const [SLASHES, COLONS] = [0x2f2f2f2f, 0x3a3a3a3a];

/**
 * What a byte may be within an authority: part of a plain name; part of others that are told by their letters alone;
 * none of them.
 */
const [PLAIN, UPPER_OR_COLON, OTHER, END] = [1, 2, 4, 8];
const CLASS = new Uint8Array(256).fill(OTHER);
CLASS.fill(PLAIN, 0x61, 0x7b);
CLASS.fill(PLAIN, 0x30, 0x3a);
CLASS.fill(UPPER_OR_COLON, 0x41, 0x5b);
CLASS[DASH] = PLAIN;
CLASS[DOT] = PLAIN;
CLASS[COLON] = UPPER_OR_COLON;
for (const byte of '/?#') CLASS[byte.charCodeAt(0)] = END;

/**
 * Reads hosts off UTF-8 URLs. An authority that is a known host's name is that host; one that looks like a plain name
 * is a new host; an authority of ASCII letters, digits, dots, dashes and colons is given to
 * `hostOf` once and remembered, because nothing after it can change its host; anything else goes to `hostOf` each time.
 */
export class UrlHosts {
  readonly #names: ByteTable;
  readonly #unusual = new ByteTable();
  /** Host id by id in `#unusual`. */
  #unusualHosts = new Int32Array(MAX_UNUSUAL);

  /** @param names - hosts by id; that of invalid URLs has 0 */
  constructor(names: ByteTable) {
    this.#names = names;
  }

  /** The host id of every row of a Utf8, Binary, LargeUtf8 or LargeBinary column; 0 for nulls. */
  read(urls: Data): Int32Array {
    const { length, valueOffsets } = urls;
    const ids = new Int32Array(length);
    if (length === 0) return ids;
    const offsets =
      valueOffsets instanceof Int32Array ? valueOffsets : Float64Array.from(valueOffsets as ArrayLike<unknown>, Number);
    const bytes = viewOf(urls.values as Uint8Array);
    const nulls = urls.nullCount > 0;
    for (let row = 0; row < length; row++) {
      if (nulls && !urls.getValid(row)) continue;
      ids[row] = this.#hostAt(bytes, offsets[row] as number, offsets[row + 1] as number);
    }
    return ids;
  }

  /** The host id of one URL. */
  readText(url: string): number {
    return this.#names.internText(hostOf(url));
  }

  #hostAt(bytes: DataView, from: number, to: number): number {
    const start = authorityStart(bytes, from, to);
    if (start < 0) return this.#unusualAt(bytes, from, to);
    const end = nameEnd(bytes, start, to);
    // Names are as the URL parser leaves them, and without a port it leaves them alone when it meets them again, under
    // either scheme.
    const known = end === to || bytes.getUint8(end) === SLASH ? this.#names.find(bytes, start, end) : -1;
    return known >= 0 ? known : this.#newAt(bytes, from, start, to);
  }

  #newAt(bytes: DataView, from: number, start: number, to: number): number {
    let end = start;
    while (end < to && CLASS[bytes.getUint8(end)] === PLAIN) end++;
    const isWhole = end === to || CLASS[bytes.getUint8(end)] === END;
    return isWhole && isPlainName(bytes, start, end)
      ? this.#names.intern(bytes, start, end)
      : this.#unusualAt(bytes, from, to);
  }

  #unusualAt(bytes: DataView, from: number, to: number): number {
    const end = authorityEnd(bytes, from, to);
    if (end < 0) return this.readText(textOf(bytes, from, to));
    if (this.#unusual.size === MAX_UNUSUAL) this.#unusual.clear();
    const known = this.#unusual.size;
    const id = this.#unusual.intern(bytes, from, end);
    if (id === known) this.#unusualHosts[id] = this.readText(`${textOf(bytes, from, end)}/`);
    return this.#unusualHosts[id] as number;
  }
}

/** Where the authority of `http://` or `https://` begins, else -1. */
function authorityStart(bytes: DataView, from: number, to: number): number {
  if (to - from < 8 || bytes.getInt32(from, true) !== HTTP) return -1;
  const rest = bytes.getInt32(from + 4, true);
  if (rest === SECURE) return from + 8;
  // The same without the s, and the authority's first byte.
  return (rest & 0xffffff) === SECURE >> 8 ? from + 7 : -1;
}

/** The first `/` or `:` of [from, to), or `to`. A word at a time: finding it is what most of the work is. */
function nameEnd(bytes: DataView, from: number, to: number): number {
  let at = from;
  for (const last = to - 4; at <= last; at += 4) {
    const word = bytes.getInt32(at, true);
    const found = zeroBytes(word ^ SLASHES) | zeroBytes(word ^ COLONS);
    if (found !== 0) return at + ((31 - Math.clz32(found & -found)) >> 3);
  }
  while (at < to && bytes.getUint8(at) !== SLASH && bytes.getUint8(at) !== COLON) at++;
  return at;
}

/** The lowest bit that is set is in the lowest byte that is zero. Source: A. Mycroft, 1987. */
function zeroBytes(word: number): number {
  return (word - 0x01010101) & ~word & 0x80808080;
}

/**
 * Whether bytes of class PLAIN are a name that the URL parser leaves as it is: begins with a letter, has at least two
 * labels and no empty one, and a last one of two letters or more, so that it is not an IPv4 address in disguise.
 */
function isPlainName(bytes: DataView, from: number, to: number): boolean {
  if (from === to || !isLetter(bytes.getUint8(from))) return false;
  let labelStart = from;
  let isWord = true;
  for (let at = from; at < to; at++) {
    const byte = bytes.getUint8(at);
    if (byte === DOT) {
      if (at === labelStart) return false;
      labelStart = at + 1;
      isWord = true;
    } else if (!isLetter(byte)) {
      // Two dashes may be punycode, which has rules of its own.
      if (byte === DASH && bytes.getUint8(at - 1) === DASH) return false;
      isWord = false;
    }
  }
  return labelStart > from && isWord && to - labelStart >= 2;
}

/** End of `scheme://plain-authority`, or -1 if the URL does not begin like that. */
function authorityEnd(bytes: DataView, from: number, to: number): number {
  let at = from;
  // With digits, for s3.
  while (at < to && (isLetter(bytes.getUint8(at)) || isDigit(bytes.getUint8(at)))) at++;
  if (at === from || to - at < 4) return -1;
  if (bytes.getUint8(at) !== COLON || bytes.getUint8(at + 1) !== SLASH || bytes.getUint8(at + 2) !== SLASH) return -1;
  const start = at + 3;
  for (at = start; at < to; at++) {
    const kind = CLASS[bytes.getUint8(at)];
    if (kind === END) break;
    if (kind === OTHER) return -1;
  }
  return at === start ? -1 : at;
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function textOf(bytes: DataView, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString();
}
