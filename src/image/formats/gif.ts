/** GIF: blocks to the trailer. Source: GIF89a specification. */
import type { ByteFeed } from './byte-feed.ts';
import type { ImageSketch, Reading } from './image-sketch.ts';

const [EXTENSION, PICTURE, TRAILER] = [0x21, 0x2c, 0x3b] as const;

export function* readGif(feed: ByteFeed, image: ImageSketch): Reading {
  yield* feed.wait(13);
  image.sized(feed.u16(6, true), feed.u16(8, true));
  feed.skip(13 + colours(feed.u8(10)));
  let pictures = 0;
  for (;;) {
    yield* feed.wait(1);
    const kind = feed.u8(0);
    if (kind === TRAILER) {
      feed.skip(1);
      return pictures > 0 ? undefined : 'an end without a picture';
    }
    if (kind === 0) {
      // Some writers close a block twice.
      feed.skip(1);
      continue;
    }
    if (kind === PICTURE) {
      yield* feed.wait(10);
      // A screen without a size has that of its first picture.
      image.sized(feed.u16(5, true), feed.u16(7, true));
      pictures += 1;
      feed.skip(10 + colours(feed.u8(9)) + 1);
    } else if (kind === EXTENSION) {
      feed.skip(2);
    } else {
      return 'no block where one must be';
    }
    for (let size = -1; size !== 0; ) {
      if (!feed.has(1)) yield* feed.wait(1);
      size = feed.u8(0);
      feed.skip(1 + size);
    }
  }
}

/** Bytes of a colour table. */
function colours(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}
