/** Icons: ICO and CUR with a directory of pictures, ICNS with a list of them. The largest one counts. */
import type { ByteFeed } from './byte-feed.ts';
import type { ImageSketch, Reading } from './image-sketch.ts';

export function* readIco(feed: ByteFeed, image: ImageSketch): Reading {
  yield* feed.wait(6);
  const start = feed.position;
  const count = feed.u16(4, true);
  feed.skip(6);
  let [width, height, end] = [0, 0, 0];
  for (let entry = 0; entry < count; entry += 1) {
    yield* feed.wait(16);
    const [entryWidth, entryHeight] = [feed.u8(0) || 256, feed.u8(1) || 256];
    if (entryWidth * entryHeight > width * height) [width, height] = [entryWidth, entryHeight];
    end = Math.max(end, feed.u32(8, true) + feed.u32(12, true));
    feed.skip(16);
  }
  image.sized(width, height);
  feed.skipTo(start + end);
  return undefined;
}

/** Sides of the square pictures, by type. Source: Apple Icon Image format. */
const SIDES: Readonly<Record<string, number>> = {
  ICON: 32,
  'ICN#': 32,
  'icm#': 16,
  icm4: 16,
  icm8: 16,
  'ics#': 16,
  ics4: 16,
  ics8: 16,
  is32: 16,
  s8mk: 16,
  icp4: 16,
  icl4: 32,
  icl8: 32,
  il32: 32,
  l8mk: 32,
  icp5: 32,
  ic11: 32,
  'ich#': 48,
  ich4: 48,
  ich8: 48,
  ih32: 48,
  h8mk: 48,
  icp6: 64,
  ic12: 64,
  it32: 128,
  t8mk: 128,
  ic07: 128,
  ic08: 256,
  ic13: 256,
  ic09: 512,
  ic14: 512,
  ic10: 1024,
};

export function* readIcns(feed: ByteFeed, image: ImageSketch): Reading {
  yield* feed.wait(8);
  const end = feed.position + feed.u32(4);
  feed.skip(8);
  let side = 0;
  while (feed.position < end) {
    yield* feed.wait(8);
    const length = feed.u32(4);
    if (length < 8 || feed.position + length > end) return 'an entry that does not fit';
    side = Math.max(side, SIDES[feed.text(0, 4)] ?? 0);
    feed.skip(length);
  }
  image.sized(side, side);
  return side === 0 ? 'an end without a picture' : undefined;
}
