/** A valid GIF of any size in bytes. */
import type { Picture } from './picture.ts';

/** 128 colours: codes are then 8 bits wide, which is a byte, as long as the decoder's table stays small. */
const COLOURS = 128;
const CLEAR = 0x80;
const END = 0x81;
/** The decoder's code width grows once 256 codes exist: 126 after the two reserved ones. A clear code comes before. */
const PIXELS_PER_CLEAR = 120;

/** Signature, logical screen and palette. */
const HEADER_END = 13 + COLOURS * 3;

/** A grey GIF89a of 8 x 8 squares, coded without any compression. */
export function drawGif({ width, height, shade }: Picture): Buffer {
  const size = [width & 0xff, width >> 8, height & 0xff, height >> 8];
  const palette = Buffer.alloc(COLOURS * 3);
  for (let index = 0; index < palette.length; index += 1) palette[index] = Math.floor(index / 3) * 2;
  return Buffer.concat([
    Buffer.from('GIF89a', 'latin1'),
    Buffer.from([...size, 0xf6, 0, 0]),
    palette,
    Buffer.from([0x2c, 0, 0, 0, 0, ...size, 0, 7]),
    subBlocks(codes(width, height, shade)),
    Buffer.from([0x3b]),
  ]);
}

/** Filler in a comment extension, before the picture. */
export function padGif(image: Buffer, filler: Buffer): Buffer {
  return Buffer.concat([
    image.subarray(0, HEADER_END),
    Buffer.from([0x21, 0xfe]),
    subBlocks(filler),
    image.subarray(HEADER_END),
  ]);
}

function codes(width: number, height: number, shade: (index: number) => number): Buffer {
  const bytes: number[] = [];
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    if (pixel % PIXELS_PER_CLEAR === 0) bytes.push(CLEAR);
    const square = (Math.floor(pixel / width) >> 3) * (width / 8) + ((pixel % width) >> 3);
    bytes.push(Math.floor(shade(square) * COLOURS));
  }
  bytes.push(END);
  return Buffer.from(bytes);
}

/** GIF's framing of any data: blocks of at most 255 bytes behind their length, closed by an empty one. */
function subBlocks(data: Buffer): Buffer {
  const blocks = Math.ceil(data.length / 255);
  const framed = Buffer.alloc(data.length + blocks + 1);
  for (let block = 0; block < blocks; block += 1) {
    const content = data.subarray(block * 255, block * 255 + 255);
    framed[block * 256] = content.length;
    framed.set(content, block * 256 + 1);
  }
  return framed;
}
