/** BMP: a header, and as many bytes of pixels as it calls for. */
import type { ByteFeed } from './byte-feed.ts';
import type { ImageSketch, Reading } from './image-sketch.ts';

/** BI_RGB, BI_BITFIELDS and BI_ALPHABITFIELDS: pixels as they are. */
const UNCOMPRESSED: ReadonlySet<number> = new Set([0, 3, 6]);
const DEPTHS: ReadonlySet<number> = new Set([1, 2, 4, 8, 16, 24, 32, 64]);

export function* readBmp(feed: ByteFeed, image: ImageSketch): Reading {
  yield* feed.wait(26);
  const start = feed.position;
  const [fileBytes, pixelsAt, headerBytes] = [feed.u32(2, true), feed.u32(10, true), feed.u32(14, true)];
  const isCore = headerBytes === 12;
  if (!isCore) yield* feed.wait(headerBytes === 16 ? 30 : 38);
  const width = isCore ? feed.u16(18, true) : feed.u32(18, true);
  // Above zero rows go upwards, below zero downwards.
  const height = isCore ? feed.u16(20, true) : Math.abs(feed.u32(22, true) | 0);
  const depth = feed.u16(isCore ? 24 : 28, true);
  const isBare = isCore || headerBytes === 16;
  const compression = isBare ? 0 : feed.u32(30, true);
  if (width >= 2 ** 31 || (UNCOMPRESSED.has(compression) && !DEPTHS.has(depth))) return 'a header that is none';
  image.sized(width, height);
  if (image.width === undefined) return 'a picture without a size';
  const rowBytes = Math.ceil((width * depth) / 32) * 4;
  const pixels = UNCOMPRESSED.has(compression) ? rowBytes * height : feed.u32(34, true);
  // Its own word for its length is often wrong, and says no more than where padding ends.
  image.paddedTo = start + fileBytes;
  feed.skipTo(start + pixelsAt + pixels);
  return undefined;
}
