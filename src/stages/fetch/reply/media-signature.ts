/**
 * What bytes are by their signature, of what is no image with a reader of its own: a table and some forms that several
 * kinds share. Looks at SNIFF_BYTES at most, and at each of them some dozens of times at most.
 */

export interface MediaType {
  readonly contentType: string;
  /** Without dot. */
  readonly extension: string;
}

/** Enough for every signature: a TAR's lies far behind, and names within archives. */
export const SNIFF_BYTES = 4100;

type Row = readonly [at: number, mark: string, contentType: string, extension: string];

/** Marks are latin1. Source: each format's specification, and the list of file(1). */
const TABLE: readonly Row[] = [
  [0, '8BPS', 'image/vnd.adobe.photoshop', 'psd'],
  [0, '\0\0\0\x0cJXL \r\n\x87\n', 'image/jxl', 'jxl'],
  [0, '\xff\x0a', 'image/jxl', 'jxl'],
  [0, '\0\0\0\x0cjP  \r\n\x87\n', 'image/jp2', 'jp2'],
  [0, '\xff\x4f\xff\x51', 'image/j2c', 'j2c'],
  [0, '\xff\xd8\xff\xf7', 'image/jls', 'jls'],
  [0, 'II\xbc', 'image/vnd.ms-photo', 'jxr'],
  [0, 'FLIF', 'image/flif', 'flif'],
  [0, 'BPG\xfb', 'image/bpg', 'bpg'],
  [0, 'gimp xcf ', 'image/x-xcf', 'xcf'],
  [0, 'qoif', 'image/qoi', 'qoi'],
  [0, 'DDS ', 'image/vnd-ms.dds', 'dds'],
  [0, '\x76\x2f\x31\x01', 'image/x-exr', 'exr'],
  [0, '#?RADIANCE', 'image/vnd.radiance', 'hdr'],
  [0, '\xabKTX 1', 'image/ktx', 'ktx'],
  [0, '\xabKTX 2', 'image/ktx2', 'ktx2'],
  [0, 'BLP1', 'image/x-blp', 'blp'],
  [0, 'BLP2', 'image/x-blp', 'blp'],
  [0, 'AT&TFORM', 'image/vnd.djvu', 'djvu'],
  [0, 'IIU\0', 'image/x-panasonic-rw2', 'rw2'],
  [0, 'IIRO', 'image/x-olympus-orf', 'orf'],
  [0, 'FUJIFILMCCD-RAW', 'image/x-fujifilm-raf', 'raf'],
  [0, 'SIMPLE  =', 'image/fits', 'fits'],
  [128, 'DICM', 'application/dicom', 'dcm'],
  [0, '\x0a\x05\x01', 'image/x-pcx', 'pcx'],
  [0, '\x01\xda\0', 'image/x-sgi', 'sgi'],
  [0, '\x01\xda\x01', 'image/x-sgi', 'sgi'],
  [0, '\x59\xa6\x6a\x95', 'image/x-cmu-raster', 'ras'],
  [0, '\xd7\xcd\xc6\x9a', 'image/wmf', 'wmf'],
  [40, ' EMF', 'image/emf', 'emf'],
  [0, 'ID3', 'audio/mpeg', 'mp3'],
  [0, 'fLaC', 'audio/flac', 'flac'],
  [0, '#!AMR', 'audio/amr', 'amr'],
  [0, 'MThd', 'audio/midi', 'mid'],
  [0, 'MAC ', 'audio/ape', 'ape'],
  [0, 'wvpk', 'audio/wavpack', 'wv'],
  [0, 'MPCK', 'audio/x-musepack', 'mpc'],
  [0, 'MP+', 'audio/x-musepack', 'mpc'],
  [0, 'DSD ', 'audio/x-dsf', 'dsf'],
  [0, '.snd', 'audio/basic', 'au'],
  [0, 'caff\0\x01', 'audio/x-caf', 'caf'],
  [0, '\x0b\x77', 'audio/vnd.dolby.dd-raw', 'ac3'],
  [0, '\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9', 'video/x-ms-asf', 'asf'],
  [0, 'FLV\x01', 'video/x-flv', 'flv'],
  [0, '\0\0\x01\xba', 'video/mpeg', 'mpg'],
  [0, '\0\0\x01\xb3', 'video/mpeg', 'mpg'],
  [0, '%PDF-', 'application/pdf', 'pdf'],
  [0, '%!PS', 'application/postscript', 'ps'],
  [0, '\xc5\xd0\xd3\xc6', 'application/eps', 'eps'],
  [0, '\x1f\x8b\x08', 'application/gzip', 'gz'],
  [0, 'BZh', 'application/x-bzip2', 'bz2'],
  [0, '\xfd7zXZ\0', 'application/x-xz', 'xz'],
  [0, '\x28\xb5\x2f\xfd', 'application/zstd', 'zst'],
  [0, '7z\xbc\xaf\x27\x1c', 'application/x-7z-compressed', '7z'],
  [0, 'Rar!\x1a\x07', 'application/x-rar-compressed', 'rar'],
  [257, 'ustar', 'application/x-tar', 'tar'],
  [0, 'PAR1', 'application/vnd.apache.parquet', 'parquet'],
  [0, 'ARROW1', 'application/vnd.apache.arrow.file', 'arrow'],
  [0, 'SQLite format 3\0', 'application/x-sqlite3', 'sqlite'],
  [0, '\x7fELF', 'application/x-elf', 'elf'],
  [0, 'MZ', 'application/x-msdownload', 'exe'],
  [0, '\0asm', 'application/wasm', 'wasm'],
  [0, '\xca\xfe\xba\xbe', 'application/java-vm', 'class'],
  [0, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'application/x-cfb', 'cfb'],
  [0, 'CWS', 'application/x-shockwave-flash', 'swf'],
  [0, 'FWS', 'application/x-shockwave-flash', 'swf'],
  [0, 'wOFF', 'font/woff', 'woff'],
  [0, 'wOF2', 'font/woff2', 'woff2'],
  [0, 'OTTO\0', 'font/otf', 'otf'],
  [0, '\0\x01\0\0\0', 'font/ttf', 'ttf'],
  [0, 'glTF', 'model/gltf-binary', 'glb'],
  [0, '{\\rtf', 'application/rtf', 'rtf'],
];

/** @param head - the first bytes, up to SNIFF_BYTES */
export function mediaSignature(head: Buffer): MediaType | undefined {
  const start = head.toString('latin1', 0, 300);
  const shared =
    iso(start) ??
    quicktime(head, start) ??
    riff(start) ??
    ogg(head) ??
    matroska(head) ??
    zip(head) ??
    aiff(start) ??
    netpbm(start);
  if (shared !== undefined) return type(shared);
  const row = TABLE.find(([at, mark]) => start.startsWith(mark, at));
  if (row !== undefined) return type([row[2], row[3]]);
  // Packets of 188 bytes, some with four bytes of time before each.
  if (head[0] === 0x47 && head[188] === 0x47 && head[376] === 0x47) return type(['video/mp2t', 'mts']);
  return head[4] === 0x47 && head[196] === 0x47 && head[388] === 0x47 ? type(['video/mp2t', 'm2ts']) : undefined;
}

/** A picture of the kinds whose head, or all of it, is text, as far as that goes. */
export function hasTextHead(head: Buffer): boolean {
  const start = head.toString('latin1', 0, 300);
  return netpbm(start) !== undefined || /^(?:SIMPLE {2}= {20}T|#\?RADIANCE\n)/.test(start);
}

type Pair = readonly [contentType: string, extension: string];

function type([contentType, extension]: Pair): MediaType {
  return { contentType, extension };
}

/** By the first two letters of the brand, or all four; any other one is MP4. Images have readers of their own. */
const BRANDS: Readonly<Record<string, Pair>> = {
  'crx ': ['image/x-canon-cr3', 'cr3'],
  'qt  ': ['video/quicktime', 'mov'],
  'M4V ': ['video/x-m4v', 'm4v'],
  'M4A ': ['audio/x-m4a', 'm4a'],
  'M4B ': ['audio/mp4', 'm4b'],
  '3g2': ['video/3gpp2', '3g2'],
  '3gp': ['video/3gpp', '3gp'],
};

function iso(start: string): Pair | undefined {
  if (!start.startsWith('ftyp', 4)) return undefined;
  const brand = start.slice(8, 12);
  return BRANDS[brand] ?? BRANDS[brand.slice(0, 3)] ?? ['video/mp4', 'mp4'];
}

/** Films without a brand begin with a part whose size makes sense: only the one with the data may be of any. */
function quicktime(head: Buffer, start: string): Pair | undefined {
  const isPart = /^(?:moov|wide|free)$/.test(start.slice(4, 8)) && head[0] === 0 && head.readUInt32BE(0) >= 8;
  return isPart || start.startsWith('mdat', 4) ? ['video/quicktime', 'mov'] : undefined;
}

const RIFFS: Readonly<Record<string, Pair>> = {
  'AVI ': ['video/vnd.avi', 'avi'],
  WAVE: ['audio/wav', 'wav'],
  QLCM: ['audio/qcelp', 'qcp'],
  ACON: ['application/x-navi-animation', 'ani'],
};

function riff(start: string): Pair | undefined {
  return start.startsWith('RIFF') ? RIFFS[start.slice(8, 12)] : undefined;
}

/** By what the first page brings. */
function ogg(head: Buffer): Pair | undefined {
  if (head.toString('latin1', 0, 4) !== 'OggS') return undefined;
  const codec = head.toString('latin1', 28, 35);
  if (codec.startsWith('\x80theora') || codec.startsWith('\x01video')) return ['video/ogg', 'ogv'];
  return codec.startsWith('Opus') ? ['audio/ogg; codecs=opus', 'opus'] : ['audio/ogg', 'ogg'];
}

function matroska(head: Buffer): Pair | undefined {
  if (head.length < 4 || head.readUInt32BE(0) !== 0x1a45dfa3) return undefined;
  return head.subarray(0, 64).includes('webm') ? ['video/webm', 'webm'] : ['video/matroska', 'mkv'];
}

/** Archives that are something else to those who use them, by names within. */
const ZIPS: readonly (readonly [name: string, pair: Pair])[] = [
  ['mimetypeapplication/epub+zip', ['application/epub+zip', 'epub']],
  ['word/', ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'docx']],
  ['xl/', ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'xlsx']],
  ['ppt/', ['application/vnd.openxmlformats-officedocument.presentationml.presentation', 'pptx']],
];

function zip(head: Buffer): Pair | undefined {
  if (head.length < 4 || head.readUInt32BE(0) !== 0x504b0304) return undefined;
  return ZIPS.find(([name]) => head.includes(name))?.[1] ?? ['application/zip', 'zip'];
}

function aiff(start: string): Pair | undefined {
  return start.startsWith('FORM') && start.startsWith('AIF', 8) ? ['audio/aiff', 'aif'] : undefined;
}

/** P1 to P6 and a size, with comments between; P7 names its width. */
const NETPBM =
  /^P(?:([1-6])(?:\s|#[^\n]*\n){1,200}\d+(?:\s|#[^\n]*\n){1,200}\d+\s|(7)\n(?:#|WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE))/;
const NETPBM_KINDS = ['pbm', 'pgm', 'ppm', 'pbm', 'pgm', 'ppm', 'pam'] as const;

function netpbm(start: string): Pair | undefined {
  const match = NETPBM.exec(start);
  const kind = NETPBM_KINDS[Number(match?.[1] ?? match?.[2]) - 1];
  if (kind === undefined) return undefined;
  return [kind === 'pam' ? 'image/x-portable-arbitrarymap' : `image/x-portable-${LONG[kind]}`, kind];
}

const LONG = { pbm: 'bitmap', pgm: 'graymap', ppm: 'pixmap' } as const;
