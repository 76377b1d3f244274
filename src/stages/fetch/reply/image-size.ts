/** Width and height of the four common image types, read from their first bytes under a bound of steps. */

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** Markers of a JPEG before its frame: real files have some dozens, with a colour profile in pieces up to 255. */
const MAX_SEGMENTS = 1024;

/**
 * @param pieces - the body's bytes in order, as many as are at hand
 * @returns undefined where the header is damaged, or lies behind what is at hand
 */
export function imageSizeOf(contentType: string, pieces: readonly Buffer[]): ImageSize | undefined {
  const bytes = new Pieces(pieces);
  const size = READERS[contentType]?.(bytes);
  return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined;
}

const READERS: Readonly<Record<string, (bytes: Pieces) => ImageSize | undefined>> = {
  'image/jpeg': jpegSize,
  'image/png': (bytes) => at(bytes, 24) && { width: bytes.u32(16), height: bytes.u32(20) },
  'image/gif': (bytes) => at(bytes, 10) && { width: bytes.u16le(6), height: bytes.u16le(8) },
  'image/webp': webpSize,
};

/** Whether `image/...` has a reader here. */
export function hasSizeReader(contentType: string): boolean {
  return contentType in READERS;
}

/** T.81, B.1.1: segments follow one another by their lengths; the first start of a frame has the size. */
function jpegSize(bytes: Pieces): ImageSize | undefined {
  let pos = 2;
  for (let step = 0; step < MAX_SEGMENTS && pos + 9 <= bytes.length; step += 1) {
    if (bytes.u8(pos) !== 0xff) return undefined;
    const marker = bytes.u8(pos + 1);
    if (marker === 0xff) {
      // A fill byte.
      pos += 1;
    } else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return { width: bytes.u16(pos + 7), height: bytes.u16(pos + 5) };
    } else if (marker === 0xda || marker === 0xd9) {
      return undefined;
    } else {
      const isBare = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
      pos += isBare ? 2 : 2 + Math.max(2, bytes.u16(pos + 2));
    }
  }
  return undefined;
}

/** RFC 9649: lossy, lossless and extended files each have it elsewhere. */
function webpSize(bytes: Pieces): ImageSize | undefined {
  if (!at(bytes, 30)) return undefined;
  const kind = bytes.text(12, 4);
  if (kind === 'VP8 ') return { width: bytes.u16le(26) & 0x3fff, height: bytes.u16le(28) & 0x3fff };
  if (kind === 'VP8X') return { width: 1 + bytes.u24le(24), height: 1 + bytes.u24le(27) };
  if (kind !== 'VP8L' || bytes.u8(20) !== 0x2f) return undefined;
  const bits = bytes.u16le(21) + bytes.u16le(23) * 65_536;
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
}

function at(bytes: Pieces, needed: number): true | undefined {
  return bytes.length >= needed ? true : undefined;
}

/** Pieces as one run of bytes, read from front to back; a byte behind the end is 0. */
class Pieces {
  readonly length: number;
  readonly #pieces: readonly Buffer[];
  #index = 0;
  #start = 0;

  constructor(pieces: readonly Buffer[]) {
    this.#pieces = pieces;
    let length = 0;
    for (const piece of pieces) length += piece.length;
    this.length = length;
  }

  u8(pos: number): number {
    if (pos < this.#start) {
      this.#index = 0;
      this.#start = 0;
    }
    let piece = this.#pieces[this.#index];
    while (piece !== undefined && pos >= this.#start + piece.length) {
      this.#start += piece.length;
      this.#index += 1;
      piece = this.#pieces[this.#index];
    }
    return piece?.[pos - this.#start] ?? 0;
  }

  u16(pos: number): number {
    return this.u8(pos) * 256 + this.u8(pos + 1);
  }

  u32(pos: number): number {
    return this.u16(pos) * 65_536 + this.u16(pos + 2);
  }

  u16le(pos: number): number {
    return this.u8(pos) + this.u8(pos + 1) * 256;
  }

  u24le(pos: number): number {
    return this.u16le(pos) + this.u8(pos + 2) * 65_536;
  }

  text(pos: number, length: number): string {
    return String.fromCharCode(...Array.from({ length }, (_, index) => this.u8(pos + index)));
  }
}
