/**
 * AVIF and HEIC: boxes, the size of the primary item, and that the bytes of all items are there.
 * Source: ISO/IEC 14496-12 (boxes, pitm, iloc) and 23008-12 (ispe, irot, ipma).
 */
import type { ByteFeed } from './byte-feed.ts';
import { HeifItems } from './heif-items.ts';
import type { ImageSketch, Reading } from './image-sketch.ts';

/** Boxes that hold boxes which are read, and how long their own part is. */
const CONTAINERS: Readonly<Record<string, number>> = { meta: 12, iprp: 8, ipco: 8 };
/** Boxes that no image is whole without, once they have begun. */
const OUTERMOST: ReadonlySet<string> = new Set([
  'ftyp',
  'meta',
  'mdat',
  'moov',
  'moof',
  'idat',
  'free',
  'skip',
  'uuid',
]);
/** Deeper than any of them are within each other. */
const MAX_DEPTH = 4;

/** As decoders of each show it: those of HEIC turn it, those of AVIF leave that to their users. */
export function readHeic(feed: ByteFeed, image: ImageSketch): Reading {
  return readItems(feed, image, true);
}

export function readAvif(feed: ByteFeed, image: ImageSketch): Reading {
  return readItems(feed, image, false);
}

function* readItems(feed: ByteFeed, image: ImageSketch, isTurning: boolean): Reading {
  const items = new HeifItems(feed);
  /** Where the boxes end that are open: the innermost last. */
  const ends: number[] = [];
  let isRead = false;
  for (;;) {
    while (ends.length > 0 && feed.position >= (ends.at(-1) as number)) ends.pop();
    if (ends.length === 0 && items.isMetaRead) {
      if (!isRead) image.sized(...items.size(isTurning));
      isRead = true;
      yield* feed.wait(0);
      image.mayEndAt = Math.max(feed.position, items.end);
    }
    yield* feed.wait(8);
    const type = feed.text(4, 4);
    const isNamed = /^[ -~]{4}$/.test(type);
    const hasLongSize = feed.u32(0) === 1;
    if (hasLongSize) yield* feed.wait(16);
    const size = hasLongSize ? feed.u64(8) : feed.u32(0);
    const own = hasLongSize ? 16 : 8;
    if (size === 0 && ends.length === 0 && isNamed) {
      // The last box goes to the end of the file, wherever that is.
      if (!items.isMetaRead) return 'an end without a picture';
      image.paddedTo = Number.POSITIVE_INFINITY;
      feed.skipTo(items.end);
      return undefined;
    }
    if (!isNamed || size < own) {
      // Something else begins where another box might.
      if (ends.length > 0 || !isRead || items.end > feed.position) return 'no box where one must be';
      return undefined;
    }
    // A box of an unknown kind that is cut may as well be something else behind the image.
    if (ends.length === 0 && OUTERMOST.has(type)) image.mayEndAt = undefined;
    const end = feed.position + size;
    if (ends.length > 0 && end > (ends.at(-1) as number)) return 'a box that is longer than the one around it';
    const container = CONTAINERS[type];
    if (container !== undefined && ends.length < MAX_DEPTH) {
      if (container + own - 8 > size) return 'a box that is shorter than its head';
      ends.push(end);
      feed.skip(container + own - 8);
      items.enter(type, end);
    } else {
      feed.skip(own);
      const flaw = yield* items.read(type, end);
      if (flaw !== undefined) return flaw;
      feed.skipTo(end);
    }
  }
}
