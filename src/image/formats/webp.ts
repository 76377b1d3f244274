/** WebP: the chunks of its RIFF, and that they fill it. Source: RFC 9649. */
import type { ByteFeed } from './byte-feed.ts';
import type { ImageSketch, Reading } from './image-sketch.ts';

export function* readWebp(feed: ByteFeed, image: ImageSketch): Reading {
  yield* feed.wait(12);
  const end = feed.position + 8 + feed.u32(4, true);
  feed.skip(12);
  let hasPicture = false;
  while (feed.position + 8 <= end) {
    yield* feed.wait(8);
    const type = feed.text(0, 4);
    const length = feed.u32(4, true);
    if (feed.position + 8 + length > end) return 'a chunk that is longer than its file';
    if (type === 'VP8 ' || type === 'VP8L' || type === 'VP8X') {
      yield* feed.wait(18);
      const size = SIZES[type](feed);
      if (size === undefined) return `a ${type} that is none`;
      image.sized(...size);
    }
    hasPicture ||= type === 'VP8 ' || type === 'VP8L' || type === 'ANMF';
    feed.skip(8 + length + (length % 2));
  }
  if (!hasPicture) return 'an end without a picture';
  feed.skipTo(end);
  return undefined;
}

/** From the chunk's first byte. */
const SIZES = {
  'VP8 ': (feed: ByteFeed) =>
    feed.text(11, 3) === '\x9d\x01\x2a'
      ? ([feed.u16(14, true) & 0x3fff, feed.u16(16, true) & 0x3fff] as const)
      : undefined,
  VP8L: (feed: ByteFeed) => {
    const bits = feed.u32(9, true);
    return feed.u8(8) === 0x2f ? ([1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff)] as const) : undefined;
  },
  VP8X: (feed: ByteFeed) =>
    [1 + (feed.u32(12, true) & 0xffffff), 1 + (feed.u16(15, true) + feed.u8(17) * 65_536)] as const,
};
