/** PNG: chunks with their checksums, to IEND. Source: PNG specification, third edition, 5. */
import { crc32 } from 'node:zlib';
import type { ByteFeed } from './byte-feed.ts';
import type { ImageSketch, Reading } from './image-sketch.ts';

const MAX_LENGTH = 2 ** 31 - 1;

export function* readPng(feed: ByteFeed, image: ImageSketch): Reading {
  feed.skip(8);
  let [hasHeader, hasPixels] = [false, false];
  for (;;) {
    yield* feed.wait(8);
    const length = feed.u32(0);
    const type = feed.text(4, 4);
    if (length > MAX_LENGTH || !/^[A-Za-z]{4}$/.test(type)) return 'no chunk where one must be';
    if (type === 'IHDR') {
      if (hasHeader || length !== 13) return 'a header that is none';
      hasHeader = true;
      yield* feed.wait(16);
      image.sized(feed.u32(8), feed.u32(12));
      // Apple's own kind has a chunk before the header.
    } else if (!hasHeader && type !== 'CgBI') return 'no header before the first chunk';
    if (type === 'IDAT') hasPixels = true;
    feed.skip(4);
    let checksum = crc32(feed.take(4));
    for (let left = length; left > 0; ) {
      yield* feed.wait(1);
      const piece = feed.take(left);
      checksum = crc32(piece, checksum);
      left -= piece.length;
    }
    yield* feed.wait(4);
    if (feed.u32(0) !== checksum) return `the checksum of ${type} does not fit`;
    feed.skip(4);
    if (type === 'IEND') return hasPixels ? undefined : 'an end without a picture';
  }
}
