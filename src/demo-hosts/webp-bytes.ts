/** A valid WebP of any size in bytes. */
import type { Picture } from './picture.ts';

/**
 * A lossless WebP of one colour: each of the five prefix codes has a single symbol, so pixels take no bits at all.
 * Extended format (VP8X), because only that one allows the unknown chunk that holds filler.
 * Source: WebP Lossless Bitstream Specification, "simple code length code".
 */
export function drawWebp({ width, height, shade }: Picture): Buffer {
  const canvas = Buffer.alloc(10);
  canvas.writeUIntLE(width - 1, 4, 3);
  canvas.writeUIntLE(height - 1, 7, 3);
  return riff(
    Buffer.concat([Buffer.from('WEBP', 'latin1'), chunk('VP8X', canvas), chunk('VP8L', solid(width, height, shade))]),
  );
}

/** Filler in an unknown chunk at the end. */
export function padWebp(image: Buffer, filler: Buffer): Buffer {
  return riff(Buffer.concat([image.subarray(8), chunk('fill', filler)]));
}

function riff(body: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(body.length, 4);
  return Buffer.concat([header, body]);
}

/** Chunks are padded to an even length; the length field does not count the padding. */
function chunk(type: string, content: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.write(type, 0, 'latin1');
  header.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, content, Buffer.alloc(content.length % 2)]);
}

function solid(width: number, height: number, shade: (index: number) => number): Buffer {
  const bytes: number[] = [0x2f];
  let bits = 0;
  let count = 0;
  // Least significant bit first.
  const put = (value: number, length: number) => {
    for (let bit = 0; bit < length; bit += 1) {
      bits |= ((value >> bit) & 1) << count;
      count += 1;
      if (count === 8) {
        bytes.push(bits);
        bits = 0;
        count = 0;
      }
    }
  };
  put(width - 1, 14);
  put(height - 1, 14);
  put(0, 4); // no alpha, version 0
  put(0, 3); // no transform, no colour cache, no entropy image
  // Green, red, blue, alpha: simple code, one symbol, 8 bits wide.
  for (const symbol of [0, 1, 2].map((index) => Math.floor(shade(index) * 256)).concat(255))
    put(0b1 | (0b1 << 2) | (symbol << 3), 11);
  put(0b1, 4); // distance: simple code, one symbol, 1 bit wide, 0
  if (count > 0) bytes.push(bits);
  return Buffer.from(bytes);
}
