/** JPEG: segments by their lengths, scans by their markers, to the end of the image. Source: ITU T.81, annex B. */
import type { ByteFeed } from './byte-feed.ts';
import type { ImageSketch, Reading } from './image-sketch.ts';

const [RST0, RST7, SOI, EOI, SOS, DNL, DRI] = [0xd0, 0xd7, 0xd8, 0xd9, 0xda, 0xdc, 0xdd] as const;

export function* readJpeg(feed: ByteFeed, image: ImageSketch): Reading {
  feed.skip(2);
  const scan = new Scan(feed);
  let frameWidth = 0;
  for (;;) {
    // Decoders pass over what stands between segments, so that is no flaw.
    while (!feed.seek(0xff)) yield* feed.wait(1);
    yield* feed.wait(2);
    const marker = feed.u8(1);
    if (marker === 0xff) {
      feed.skip(1);
      continue;
    }
    feed.skip(2);
    if (marker === EOI) return scan.count > 0 ? undefined : 'an end without a picture';
    if (marker <= 0x01 || marker === SOI || (marker >= RST0 && marker <= RST7)) continue;
    if (marker < 0xc0) return 'a marker that does not exist';
    yield* feed.wait(2);
    const length = feed.u16(0);
    if (length < 2) return 'a segment that is shorter than its length';
    if (isFrame(marker)) {
      yield* feed.wait(7);
      frameWidth = feed.u16(5);
      image.sized(frameWidth, feed.u16(3));
    } else if (marker === DRI || marker === DNL) {
      yield* feed.wait(4);
      if (marker === DRI) scan.hasRestarts = feed.u16(2) > 0;
      // Some frames leave their height to a marker behind the first scan.
      else image.sized(frameWidth, feed.u16(2));
    }
    feed.skip(length);
    if (marker !== SOS) continue;
    if (frameWidth === 0) return 'a scan without a frame';
    const flaw = yield* scan.read();
    if (flaw !== undefined) return flaw;
  }
}

/** Start of a frame of any coding; the three others in its range are tables and extensions. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Entropy-coded data, in which 0xff is followed by 0, or by restart markers in their order. */
class Scan {
  readonly #feed: ByteFeed;
  hasRestarts = false;
  count = 0;

  constructor(feed: ByteFeed) {
    this.#feed = feed;
  }

  /** Up to the next marker that is none of its own. */
  *read(): Reading {
    const feed = this.#feed;
    this.count += 1;
    let restart = RST0 as number;
    for (;;) {
      while (!feed.seek(0xff)) yield* feed.wait(1);
      if (!feed.has(2)) yield* feed.wait(2);
      const marker = feed.u8(1);
      if (marker === 0) {
        feed.skip(2);
      } else if (marker === 0xff) {
        feed.skip(1);
      } else if (marker >= RST0 && marker <= RST7) {
        if (!this.hasRestarts || marker !== restart) return 'a restart out of its order';
        restart = restart === RST7 ? RST0 : restart + 1;
        feed.skip(2);
      } else {
        return endsScan(marker) ? undefined : 'a marker within a scan that cannot be there';
      }
    }
  }
}

/** Another scan, its tables, comments or the end: anything else means that bytes were lost or replaced. */
function endsScan(marker: number): boolean {
  return marker === 0xc4 || marker === 0xcc || (marker >= EOI && marker <= DRI) || marker >= 0xe0;
}
