import type { Data } from 'apache-arrow';
import { hostOf } from '../host.ts';
import { ByteTable, foldHash, HASH_SEED } from './byte-table.ts';

/** Authorities that only the full parser understands are remembered, so many at a time; then the memory starts over. */
const MAX_UNUSUAL = 65_536;

const [COLON, SLASH, DASH] = [0x3a, 0x2f, 0x2d];

/** What a byte may be within a plain authority. */
const [OTHER, LETTER, DIGIT, DASH_SIGN, DOT, END, UPPER_OR_COLON] = [0, 1, 2, 3, 4, 5, 6];
const CLASS = new Uint8Array(256);
CLASS.fill(LETTER, 0x61, 0x7b);
CLASS.fill(UPPER_OR_COLON, 0x41, 0x5b);
CLASS.fill(DIGIT, 0x30, 0x3a);
CLASS[DASH] = DASH_SIGN;
CLASS[0x2e] = DOT;
CLASS[COLON] = UPPER_OR_COLON;
for (const byte of '/?#') CLASS[byte.charCodeAt(0)] = END;

/**
 * Reads hosts off UTF-8 URLs. A plain lower-case name is read in one pass over its bytes; an authority of ASCII letters, digits, dots,
 * dashes and colons is given to `hostOf` once and remembered, because nothing after it can change its host; anything else
 * goes to `hostOf` each time.
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
    const offsets = valueOffsets instanceof Int32Array ? valueOffsets : Float64Array.from(valueOffsets as ArrayLike<unknown>, Number);
    const bytes = urls.values as Uint8Array;
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

  #hostAt(bytes: Uint8Array, from: number, to: number): number {
    const start = plainStart(bytes, from, to);
    if (start < 0) return this.#unusualAt(bytes, from, to);
    let hash = HASH_SEED;
    let labelStart = start;
    let isWord = true;
    let at = start;
    for (; at < to; at++) {
      const byte = bytes[at] as number;
      const kind = CLASS[byte] as number;
      if (kind === END) break;
      if (kind === DOT) {
        if (at === labelStart) return this.#unusualAt(bytes, from, to);
        labelStart = at + 1;
        isWord = true;
      } else if (kind !== LETTER) {
        // Two dashes may be punycode, which has rules of its own.
        if (kind === OTHER || kind === UPPER_OR_COLON || (kind === DASH_SIGN && bytes[at - 1] === DASH)) {
          return this.#unusualAt(bytes, from, to);
        }
        isWord = false;
      }
      hash = foldHash(hash, byte);
    }
    // At least one dot, and a last label of two letters or more: not an IPv4 address in disguise.
    if (labelStart === start || !isWord || at - labelStart < 2) return this.#unusualAt(bytes, from, to);
    return this.#names.intern(bytes, start, at, hash);
  }

  #unusualAt(bytes: Uint8Array, from: number, to: number): number {
    const end = authorityEnd(bytes, from, to);
    if (end < 0) return this.readText(textOf(bytes, from, to));
    let hash = HASH_SEED;
    for (let at = from; at < end; at++) hash = foldHash(hash, bytes[at] as number);
    if (this.#unusual.size === MAX_UNUSUAL) this.#unusual.clear();
    const known = this.#unusual.size;
    const id = this.#unusual.intern(bytes, from, end, hash);
    if (id === known) this.#unusualHosts[id] = this.readText(`${textOf(bytes, from, end)}/`);
    return this.#unusualHosts[id] as number;
  }
}

/** Where the host of `http://` or `https://` begins if it begins with a lower-case letter, else -1. */
function plainStart(bytes: Uint8Array, from: number, to: number): number {
  // http
  if (to - from < 8 || bytes[from] !== 0x68 || bytes[from + 1] !== 0x74 || bytes[from + 2] !== 0x74 || bytes[from + 3] !== 0x70) return -1;
  const colon = bytes[from + 4] === 0x73 ? from + 5 : from + 4;
  if (bytes[colon] !== COLON || bytes[colon + 1] !== SLASH || bytes[colon + 2] !== SLASH) return -1;
  return colon + 3 < to && CLASS[bytes[colon + 3] as number] === LETTER ? colon + 3 : -1;
}

/** End of `letters://plain-authority`, or -1 if the URL does not begin like that. */
function authorityEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isLetter(bytes[at] as number)) at++;
  if (at === from || to - at < 4 || bytes[at] !== COLON || bytes[at + 1] !== SLASH || bytes[at + 2] !== SLASH) return -1;
  const start = at + 3;
  for (at = start; at < to; at++) {
    const kind = CLASS[bytes[at] as number];
    if (kind === END) break;
    if (kind === OTHER) return -1;
  }
  return at === start ? -1 : at;
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString();
}
