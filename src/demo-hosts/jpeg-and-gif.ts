/** Valid JPEG and GIF of any size in bytes; both can hold comments. */

/** Standard luminance DC table (ITU T.81, table K.3): code lengths 2..9 for difference categories 0..11. */
const DC_COUNTS = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const DC_CODES = [0b00, 0b010, 0b011, 0b100, 0b101, 0b110, 0b1110, 0b11110] as const;
const DC_LENGTHS = [2, 3, 3, 3, 3, 3, 4, 5] as const;
/** Only "end of block" is ever coded, as the one-bit code 0. */
const AC_COUNTS = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/** With this step a DC coefficient of -64..63 spans black to white. */
const QUANTISER = 16;
/** A segment's length field is 16 bits and counts itself. */
const MAX_COMMENT = 65_533;

/** A baseline grey JPEG in which every 8 x 8 block has one shade. */
export function drawJpeg(width: number, height: number, shade: (square: number) => number): Buffer {
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, Buffer.from([0, ...new Array<number>(64).fill(QUANTISER)])),
    segment(0xc0, Buffer.from([8, height >> 8, height & 0xff, width >> 8, width & 0xff, 1, 1, 0x11, 0])),
    segment(0xc4, Buffer.from([0x00, ...DC_COUNTS, ...Array.from({ length: 12 }, (_, category) => category)])),
    segment(0xc4, Buffer.from([0x10, ...AC_COUNTS, 0])),
    segment(0xda, Buffer.from([1, 1, 0, 0, 63, 0])),
    scan((width / 8) * (height / 8), shade),
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** Filler as comment segments, right behind the start marker. */
export function padJpeg(image: Buffer, filler: Buffer): Buffer {
  const comments: Buffer[] = [];
  for (let at = 0; at < filler.length; at += MAX_COMMENT)
    comments.push(segment(0xfe, filler.subarray(at, at + MAX_COMMENT)));
  return Buffer.concat([image.subarray(0, 2), ...comments, image.subarray(2)]);
}

function segment(marker: number, content: Buffer): Buffer {
  const length = content.length + 2;
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 0xff]), content]);
}

/** Huffman-coded DC differences, most significant bit first, 0xff followed by a stuffed 0. */
function scan(blocks: number, shade: (index: number) => number): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  const put = (value: number, length: number) => {
    bits = (bits << length) | value;
    count += length;
    while (count >= 8) {
      const byte = (bits >> (count - 8)) & 0xff;
      bytes.push(byte);
      if (byte === 0xff) bytes.push(0);
      count -= 8;
      bits &= (1 << count) - 1;
    }
  };
  let previous = 0;
  for (let block = 0; block < blocks; block += 1) {
    const dc = Math.floor(shade(block) * 128) - 64;
    const difference = dc - previous;
    const category = 32 - Math.clz32(Math.abs(difference));
    put(DC_CODES[category] as number, DC_LENGTHS[category] as number);
    // Negative differences are coded in one's complement.
    if (category > 0) put(difference > 0 ? difference : difference + (1 << category) - 1, category);
    put(0, 1);
    previous = dc;
  }
  if (count > 0) put((1 << (8 - count)) - 1, 8 - count);
  return Buffer.from(bytes);
}

/** 128 colours: codes are then 8 bits wide, which is a byte, as long as the decoder's table stays small. */
const COLOURS = 128;
const GIF_CLEAR = 0x80;
const GIF_END = 0x81;
/** The decoder's code width grows once 256 codes exist: 126 after the two reserved ones. A clear code comes before. */
const PIXELS_PER_CLEAR = 120;

/** Signature, logical screen and palette. */
const GIF_HEADER_END = 13 + COLOURS * 3;

/** A grey GIF89a of 8 x 8 squares, coded without any compression. */
export function drawGif(width: number, height: number, shade: (square: number) => number): Buffer {
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
    image.subarray(0, GIF_HEADER_END),
    Buffer.from([0x21, 0xfe]),
    subBlocks(filler),
    image.subarray(GIF_HEADER_END),
  ]);
}

function codes(width: number, height: number, shade: (index: number) => number): Buffer {
  const bytes: number[] = [];
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    if (pixel % PIXELS_PER_CLEAR === 0) bytes.push(GIF_CLEAR);
    const square = (Math.floor(pixel / width) >> 3) * (width / 8) + ((pixel % width) >> 3);
    bytes.push(Math.floor(shade(square) * COLOURS));
  }
  bytes.push(GIF_END);
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
