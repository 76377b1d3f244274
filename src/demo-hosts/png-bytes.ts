/** A valid PNG of any size in bytes. */
import { crc32, deflateSync } from 'node:zlib';
import type { Picture } from './picture.ts';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const HEADER_END = SIGNATURE.length + 25;

/** An 8-bit grey PNG of 8 x 8 squares. */
export function drawPng({ width, height, shade }: Picture): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const pixels = deflateSync(scanlines(width, height, shade), { level: 1 });
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

/** Filler in a private chunk that decoders skip, because its name begins in lower case. */
export function padPng(image: Buffer, filler: Buffer): Buffer {
  return Buffer.concat([image.subarray(0, HEADER_END), chunk('fiLl', filler), image.subarray(HEADER_END)]);
}

function chunk(type: string, content: Buffer): Buffer {
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
