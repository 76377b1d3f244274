/** The items of an AVIF or HEIC file: which is the picture, how large it is, where the bytes of all of them are. */
import type { ByteFeed } from './byte-feed.ts';
import type { Reading } from './image-sketch.ts';

/** What a box says of an item's size: its pixels, what is cut out of them, or a turn by 90 degrees. */
type Property = { readonly isCutting: boolean; readonly width: number; readonly height: number } | 'turn';

/** Boxes of properties that are read, and how much of them. */
const PROPERTY_BYTES: Readonly<Record<string, number>> = { ispe: 12, clap: 16, irot: 1 };

/** Files have some dozens; of more only the first are kept. */
const MAX_PROPERTIES = 1024;

export class HeifItems {
  /** Where the last byte is that an item names. */
  end = 0;
  isMetaRead = false;
  readonly #feed: ByteFeed;
  readonly #start: number;
  #propertiesEnd = 0;
  #propertyCount = 0;
  readonly #properties = new Map<number, Property>();
  #primary: number | undefined;
  /** Of the primary item, or of the first one while it is not known. */
  #ownProperties: readonly number[] = [];

  constructor(feed: ByteFeed) {
    this.#feed = feed;
    this.#start = feed.position;
  }

  /** A box that holds boxes begins. */
  enter(type: string, end: number): void {
    if (type === 'meta') this.isMetaRead = true;
    if (type === 'ipco') this.#propertiesEnd = end;
  }

  /** Width and height, turned as they are shown or as stored; 0 when nothing says. */
  size(isTurning: boolean): readonly [number, number] {
    let size = { isCutting: false, width: 0, height: 0 };
    let isTurned = false;
    for (const index of this.#ownProperties) {
      const property = this.#properties.get(index);
      if (property === 'turn') isTurned = true;
      else if (property !== undefined && (property.isCutting || !size.isCutting)) size = property;
    }
    return isTurned && isTurning ? [size.height, size.width] : [size.width, size.height];
  }

  /** A box whose head was passed; what is left of it then is passed by the caller. */
  *read(type: string, end: number): Reading {
    const feed = this.#feed;
    const isProperty = feed.position < this.#propertiesEnd;
    if (isProperty) this.#propertyCount += 1;
    const left = end - feed.position;
    if (type === 'pitm') {
      if (left < 6) return 'a pitm that is too short';
      yield* feed.wait(left < 8 ? 6 : 8);
      this.#primary = feed.u8(0) === 0 || left < 8 ? feed.u16(4) : feed.u32(4);
    } else if (isProperty && PROPERTY_BYTES[type] !== undefined) {
      if (left < PROPERTY_BYTES[type]) return `an ${type} that is too short`;
      yield* feed.wait(PROPERTY_BYTES[type]);
      const property = this.#property(type);
      if (property !== undefined && this.#propertyCount <= MAX_PROPERTIES)
        this.#properties.set(this.#propertyCount, property);
    } else if (type === 'ipma') {
      return yield* this.#readAssociations(end);
    } else if (type === 'iloc') {
      return yield* this.#readPlaces(end);
    }
    return undefined;
  }

  #property(type: string): Property | undefined {
    const feed = this.#feed;
    if (type === 'irot') return feed.u8(0) % 2 === 1 ? 'turn' : undefined;
    if (type === 'ispe') return { isCutting: false, width: feed.u32(4), height: feed.u32(8) };
    // Fractions, N over D; a D of 0 is no size.
    const [width, height] = [feed.u32(0) / feed.u32(4), feed.u32(8) / feed.u32(12)];
    const isSize = width >= 1 && height >= 1 && Number.isFinite(width + height);
    return isSize ? { isCutting: true, width: Math.floor(width), height: Math.floor(height) } : undefined;
  }

  *#readAssociations(end: number): Reading {
    const feed = this.#feed;
    yield* feed.wait(8);
    const idBytes = feed.u8(0) < 1 ? 2 : 4;
    const isWide = (feed.u8(3) & 1) === 1;
    const count = feed.u32(4);
    feed.skip(8);
    for (let entry = 0; entry < count; entry += 1) {
      if (feed.position + idBytes + 1 > end) return 'an ipma that is too short';
      yield* feed.wait(idBytes + 1);
      const item = idBytes === 2 ? feed.u16(0) : feed.u32(0);
      const associations = feed.u8(idBytes);
      feed.skip(idBytes + 1);
      const indices: number[] = [];
      for (let one = 0; one < associations; one += 1) {
        if (!feed.has(2)) yield* feed.wait(isWide ? 2 : 1);
        // The highest bit says that a reader must understand the property.
        indices.push(isWide ? feed.u16(0) & 0x7fff : feed.u8(0) & 0x7f);
        feed.skip(isWide ? 2 : 1);
      }
      if (this.#primary === undefined ? entry === 0 : item === this.#primary) this.#ownProperties = indices;
    }
    return feed.position > end ? 'an ipma that is too short' : undefined;
  }

  *#readPlaces(end: number): Reading {
    const feed = this.#feed;
    yield* feed.wait(10);
    const version = feed.u8(0);
    const [offsetBytes, lengthBytes] = [feed.u8(4) >> 4, feed.u8(4) & 15];
    const [baseBytes, indexBytes] = [feed.u8(5) >> 4, version === 0 ? 0 : feed.u8(5) & 15];
    const isSized = [offsetBytes, lengthBytes, baseBytes, indexBytes].every(
      (bytes) => bytes === 0 || bytes === 4 || bytes === 8,
    );
    if (version > 2 || !isSized) return 'an iloc that is none';
    const idBytes = version < 2 ? 2 : 4;
    const count = idBytes === 2 ? feed.u16(6) : feed.u32(6);
    feed.skip(6 + idBytes);
    const headBytes = idBytes + (version === 0 ? 2 : 4) + baseBytes + 2;
    const extentBytes = indexBytes + offsetBytes + lengthBytes;
    for (let item = 0; item < count; item += 1) {
      if (feed.position + headBytes > end) return 'an iloc that is too short';
      yield* feed.wait(headBytes);
      // 1: within a box of this one; 2: within another item.
      const isInFile = version === 0 || (feed.u16(idBytes) & 15) === 0;
      const base = this.#number(headBytes - 2 - baseBytes, baseBytes);
      const extents = feed.u16(headBytes - 2);
      feed.skip(headBytes);
      if (extentBytes === 0) continue;
      for (let extent = 0; extent < extents; extent += 1) {
        if (feed.position + extentBytes > end) return 'an iloc that is too short';
        yield* feed.wait(extentBytes);
        const at = this.#start + base + this.#number(indexBytes, offsetBytes);
        if (isInFile) this.end = Math.max(this.end, at + this.#number(indexBytes + offsetBytes, lengthBytes));
        feed.skip(extentBytes);
      }
    }
    return undefined;
  }

  #number(ahead: number, bytes: number): number {
    if (bytes === 0) return 0;
    return bytes === 4 ? this.#feed.u32(ahead) : this.#feed.u64(ahead);
  }
}
