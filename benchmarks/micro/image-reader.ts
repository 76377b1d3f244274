/** What it takes to see an image's size, and from all its bytes that it is whole. */
import { drawGif, drawJpeg, padGif } from '../../src/demo-hosts/jpeg-and-gif.ts';
import { drawPng, drawWebp, padPng, padWebp } from '../../src/demo-hosts/png-and-webp.ts';
import { readImage } from '../../src/image/image-reader.ts';
import { seededRandom } from '../../src/structures/seeded-random.ts';
import type { MicroTask } from './micro-task.ts';

/** What one read of a socket brings. */
const CHUNK_BYTES = 65_536;
const MEGABYTE = 1_000_000;

export function imageReader(): MicroTask[] {
  const random = seededRandom(1);
  const noise = Buffer.from(Array.from({ length: MEGABYTE }, () => random() * 256));
  const images = {
    jpeg: megabyteOfScan(noise),
    png: padPng(drawPng(64, 64, random), noise),
    gif: padGif(drawGif(64, 64, random), noise),
    webp: padWebp(drawWebp(64, 64, random), noise),
  };
  return Object.entries(images).map(([name, bytes]) => {
    const chunks = inChunks(bytes);
    return { name: `${name}, 1 MB`, items: 1, run: () => void readImage(chunks) };
  });
}

/** A frame's tables around noise, which has as many 0xff as coded pixels have, each with the 0 that belongs there. */
function megabyteOfScan(noise: Buffer): Buffer {
  const drawn = drawJpeg(64, 64, () => 0.5);
  const stuffed = Buffer.from(noise.toString('latin1').replaceAll('\xff', '\xff\0'), 'latin1');
  return Buffer.concat([drawn.subarray(0, -2), stuffed, drawn.subarray(-2)]);
}

function inChunks(bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.push(bytes.subarray(at, at + CHUNK_BYTES));
  return chunks;
}
