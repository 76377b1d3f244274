/** Valid PNG and WebP of any size in bytes; both are made of chunks. */
import { crc32, deflateSync } from 'node:zlib';

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const PNG_HEADER_END = PNG_SIGNATURE.length + 25;

/** An 8-bit grey PNG of 8 x 8 squares. */
export function drawPng(width: number, height: number, shade: (square: number) => number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const pixels = deflateSync(scanlines(width, height, shade), { level: 1 });
  return Buffer.concat([
    PNG_SIGNATURE,
    pngChunk('IHDR', header),
    pngChunk('IDAT', pixels),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Filler in a private chunk that decoders skip, because its name begins in lower case. */
export function padPng(image: Buffer, filler: Buffer): Buffer {
  return Buffer.concat([image.subarray(0, PNG_HEADER_END), pngChunk('fiLl', filler), image.subarray(PNG_HEADER_END)]);
}

function pngChunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

/** Rows of samples, each behind its filter byte (0: none). */
function scanlines(width: number, height: number, shade: (index: number) => number): Buffer {
  const rows = Buffer.alloc((width + 1) * height);
  const perRow = width / 8;
  for (let y = 0; y < height; y += 1) {
    for (let square = 0; square < perRow; square += 1) {
      const start = y * (width + 1) + 1 + square * 8;
      rows.fill(Math.floor(shade((y >> 3) * perRow + square) * 256), start, start + 8);
    }
  }
  return rows;
}

/**
 * A lossless WebP of one colour: each of the five prefix codes has a single symbol, so pixels take no bits at all.
 * Extended format (VP8X), because only that one allows the unknown chunk that holds filler.
 * Source: WebP Lossless Bitstream Specification, "simple code length code".
 */
export function drawWebp(width: number, height: number, shade: (square: number) => number): Buffer {
  const canvas = Buffer.alloc(10);
  canvas.writeUIntLE(width - 1, 4, 3);
  canvas.writeUIntLE(height - 1, 7, 3);
  return riff(
    Buffer.concat([
      Buffer.from('WEBP', 'latin1'),
      webpChunk('VP8X', canvas),
      webpChunk('VP8L', solid(width, height, shade)),
    ]),
  );
}

/** Filler in an unknown chunk at the end. */
export function padWebp(image: Buffer, filler: Buffer): Buffer {
  return riff(Buffer.concat([image.subarray(8), webpChunk('fill', filler)]));
}

function riff(body: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(body.length, 4);
  return Buffer.concat([header, body]);
}

/** Chunks are padded to an even length; the length field does not count the padding. */
function webpChunk(type: string, content: Buffer): Buffer {
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
