/** Which image format bytes begin with, of those that have a reader. */

export type ImageFormat = 'jpeg' | 'png' | 'gif' | 'webp' | 'bmp' | 'tiff' | 'avif' | 'heic' | 'ico' | 'icns';

/** Enough for every signature. */
export const SIGNATURE_BYTES = 32;

/** @param b - the first bytes, SIGNATURE_BYTES of them if there are as many */
export function imageFormat(b: Uint8Array): ImageFormat | undefined {
  switch (b[0]) {
    case 0xff:
      // 0xf7 begins a JPEG-LS frame, which is no JPEG.
      return b[1] === 0xd8 && b[2] === 0xff && b[3] !== 0xf7 ? 'jpeg' : undefined;
    case 0x89:
      return has(b, 1, 'PNG\r\n\x1a\n') ? 'png' : undefined;
    case 0x47:
      return has(b, 1, 'IF8') && (b[4] === 0x37 || b[4] === 0x39) && b[5] === 0x61 ? 'gif' : undefined;
    case 0x52:
      return has(b, 1, 'IFF') && has(b, 8, 'WEBP') ? 'webp' : undefined;
    case 0x42:
      return b[1] === 0x4d && BMP_HEADERS.has(u32le(b, 14)) ? 'bmp' : undefined;
    case 0x49:
      return has(b, 1, 'I\x2a\0') || has(b, 1, 'I\x2b\0') ? 'tiff' : undefined;
    case 0x4d:
      return has(b, 1, 'M\0\x2a') || has(b, 1, 'M\0\x2b') ? 'tiff' : undefined;
    case 0x69:
      return has(b, 1, 'cns') ? 'icns' : undefined;
    case 0:
      return isIcon(b) ? 'ico' : has(b, 4, 'ftyp') ? isoFormat(b) : undefined;
    default:
      return undefined;
  }
}

/** Lengths of all headers that there ever were; two letters alone also begin text. */
const BMP_HEADERS: ReadonlySet<number> = new Set([12, 16, 40, 52, 56, 64, 108, 124]);

/** By its major brand; the general ones are HEIC unless an AVIF says that it is one too. */
function isoFormat(b: Uint8Array): ImageFormat | undefined {
  const major = text(b, 8, 4);
  const isGeneral = major === 'mif1' || major === 'msf1';
  if (isGeneral && [16, 20, 24, 28].some((at) => has(b, at, 'avif') || has(b, at, 'avis'))) return 'avif';
  return BRANDS[major];
}

/** Major brands of ISO 23008-12 and AVIF. */
const BRANDS: Readonly<Record<string, ImageFormat>> = {
  avif: 'avif',
  avis: 'avif',
  heic: 'heic',
  heix: 'heic',
  hevc: 'heic',
  hevx: 'heic',
  heim: 'heic',
  heis: 'heic',
  mif1: 'heic',
  msf1: 'heic',
};

/** Icon or cursor: four nearly empty bytes say little, so the first entry must make sense too. */
function isIcon(b: Uint8Array): boolean {
  if (b[1] !== 0 || (b[2] !== 1 && b[2] !== 2) || b[3] !== 0) return false;
  const count = (b[4] as number) + (b[5] as number) * 256;
  return count > 0 && b[9] === 0 && u32le(b, 14) > 0 && u32le(b, 18) >= 6 + 16 * count;
}

/** Signatures that also count behind something else: long enough not to come about by chance. */
const BEHIND = ['\xff\xd8\xff', '\x89PNG\r\n\x1a\n', 'GIF87a', 'GIF89a', 'RIFF'].map((mark) =>
  Buffer.from(mark, 'latin1'),
);

/** Where an image begins behind bytes of something else, such as a warning of the program that sent it. */
export function imageBehind(head: Buffer): number | undefined {
  const places = BEHIND.map((mark) => head.indexOf(mark, 1));
  const first = places.filter((at) => at > 0 && imageFormat(head.subarray(at)) !== undefined);
  return first.length === 0 ? undefined : Math.min(...first);
}

function has(b: Uint8Array, at: number, mark: string): boolean {
  for (let index = 0; index < mark.length; index += 1) if (b[at + index] !== mark.charCodeAt(index)) return false;
  return true;
}

function text(b: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...b.subarray(at, at + length));
}

function u32le(b: Uint8Array, at: number): number {
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0] = b.subarray(at, at + 4);
  return b0 + b1 * 2 ** 8 + b2 * 2 ** 16 + b3 * 2 ** 24;
}
