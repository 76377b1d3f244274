/** Files in a zip archive, found by the directory at its end and unpacked one at a time: nothing else of it is read. */
import { crc32, createInflateRaw } from 'node:zlib';
import { ByteWindow } from '../unpack/byte-window.ts';
import { PackedError } from '../unpack/packed-error.ts';
import type { Packing } from '../unpack/packing.ts';
import { decoded, through } from '../unpack/unpack.ts';

/** A file that can be read anywhere. */
export interface FileParts {
  readonly bytes: number;
  /** The bytes of [start, end), which lie within it. */
  read(start: number, end: number, signal: AbortSignal): Promise<Buffer>;
  chunks(signal: AbortSignal, start: number, end: number): AsyncIterable<Buffer>;
}

export interface ZipEntry {
  readonly name: string;
  /** Unpacked. */
  readonly bytes: number;
  readonly packedBytes: number;
  readonly method: number;
  readonly sum: number;
  /** Of its own header, from the beginning of the file. */
  readonly at: number;
  readonly isEncrypted: boolean;
}

const [END, END64, LOCATOR, ENTRY, LOCAL] = [0x06054b50, 0x06064b50, 0x07064b50, 0x02014b50, 0x04034b50];
/** The end with its longest comment, and what stands before it in large archives. */
const TAIL_BYTES = 22 + 0xffff + 20;
const METHODS: ReadonlyMap<number, Packing | 'stored' | 'deflate'> = new Map([
  [0, 'stored'],
  [8, 'deflate'],
  [12, 'bzip2'],
  [93, 'zstd'],
  [95, 'xz'],
]);
/** So much may unpack from whatever; of more, a byte to so many: deflate makes no more of one. */
const FREE_BYTES = 2 * 1024 ** 3;
const MAX_RATIO = 5000;

interface Directory {
  readonly start: number;
  readonly bytes: number;
  readonly entries: number;
}

/** In the order of the directory; folders are left out. Errors: PackedError for what is no whole archive. */
export async function* zipEntries(file: FileParts, signal: AbortSignal): AsyncGenerator<ZipEntry, void> {
  const { start, bytes, entries } = await findDirectory(file, signal);
  const input = new ByteWindow(file.chunks(signal, start, start + bytes));
  try {
    for (let at = 0; at < entries; at++) {
      if (!(await input.fill(46)) || input.held.readUInt32LE(0) !== ENTRY) throw new PackedError('a damaged directory');
      const fixed = input.held;
      const lengths = [fixed.readUInt16LE(28), fixed.readUInt16LE(30), fixed.readUInt16LE(32)] as const;
      const length = 46 + lengths[0] + lengths[1] + lengths[2];
      if (!(await input.fill(length))) throw new PackedError('a damaged directory');
      const entry = asEntry(input.take(length), lengths);
      if (!entry.name.endsWith('/')) yield entry;
      await input.turn(length);
    }
  } finally {
    await input.close();
  }
}

async function findDirectory(file: FileParts, signal: AbortSignal): Promise<Directory> {
  const from = Math.max(0, file.bytes - TAIL_BYTES);
  const tail = await file.read(from, file.bytes, signal);
  for (let at = tail.length - 22; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END || at + 22 + tail.readUInt16LE(at + 20) > tail.length) continue;
    const isLarge = at >= 20 && tail.readUInt32LE(at - 20) === LOCATOR;
    if (isLarge) return largeDirectory(file, Number(tail.readBigUInt64LE(at - 12)), signal);
    const [bytes, start] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
    if (start + bytes > from + at) throw new PackedError('a damaged directory');
    return { start, bytes, entries: tail.readUInt16LE(at + 10) };
  }
  throw new PackedError('no directory at its end: it is cut off');
}

async function largeDirectory(file: FileParts, at: number, signal: AbortSignal): Promise<Directory> {
  if (at + 56 > file.bytes) throw new PackedError('a damaged directory');
  const end = await file.read(at, at + 56, signal);
  const [entries, bytes, start] = [32, 40, 48].map((place) => Number(end.readBigUInt64LE(place))) as [
    number,
    number,
    number,
  ];
  if (end.readUInt32LE(0) !== END64 || start + bytes > at) throw new PackedError('a damaged directory');
  return { start, bytes, entries };
}

function asEntry(record: Buffer, [name, extra]: readonly [number, number, number]): ZipEntry {
  const flags = record.readUInt16LE(8);
  const raw = record.subarray(46, 46 + name);
  const fields = largeFields(record.subarray(46 + name, 46 + name + extra));
  const sized = (place: number): number => {
    const value = record.readUInt32LE(place);
    return value === 0xffffffff ? (fields.shift() ?? value) : value;
  };
  // In this order they are written where they do not fit.
  const bytes = sized(24);
  const packedBytes = sized(20);
  const at = sized(42);
  return {
    name: nameOf(raw),
    bytes,
    packedBytes,
    at,
    method: record.readUInt16LE(10),
    sum: record.readUInt32LE(16),
    isEncrypted: (flags & 0x41) !== 0,
  };
}

/** Most programs write UTF-8, whatever they say. */
function nameOf(raw: Buffer): string {
  const text = raw.toString('utf8');
  return (text.includes('\ufffd') ? raw.toString('latin1') : text).replaceAll('\\', '/');
}

function largeFields(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    const end = Math.min(extra.length, at + 4 + extra.readUInt16LE(at + 2));
    const fields: number[] = [];
    for (let place = at + 4; place + 8 <= end; place += 8) fields.push(Number(extra.readBigUInt64LE(place)));
    return fields;
  }
  return [];
}

/** One file, unpacked. Errors: PackedError where it is damaged, encrypted or packed in another way. */
export async function* unzipped(file: FileParts, entry: ZipEntry, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  const { at, bytes, packedBytes, method } = entry;
  if (entry.isEncrypted) throw new PackedError('a file that is encrypted (pack it again without a password)', 'unread');
  const how = METHODS.get(method);
  if (how === undefined)
    throw new PackedError(`a file that is packed by method ${method} (pack it again with deflate)`, 'unread');
  if (at + 30 > file.bytes) throw new PackedError('a damaged directory');
  const header = await file.read(at, at + 30, signal);
  const start = at + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (header.readUInt32LE(0) !== LOCAL || start + packedBytes > file.bytes)
    throw new PackedError('a damaged directory');
  const packed = file.chunks(signal, start, start + packedBytes);
  let unpacked = 0;
  let sum = 0;
  for await (const chunk of unpackedBy(how, packed, signal)) {
    unpacked += chunk.length;
    sum = crc32(chunk, sum);
    if (unpacked > bytes || (unpacked > FREE_BYTES && unpacked > packedBytes * MAX_RATIO))
      throw new PackedError('a file that unpacks to more than its directory says, or than any table', 'too large');
    yield chunk;
  }
  if (unpacked < bytes) throw new PackedError('cut off');
  if (sum !== entry.sum) throw new PackedError('a wrong checksum');
}

function unpackedBy(
  how: Packing | 'stored' | 'deflate',
  packed: AsyncIterable<Buffer>,
  signal: AbortSignal,
): AsyncIterable<Buffer> {
  switch (how) {
    case 'stored':
      return packed;
    case 'deflate':
      return through(packed, createInflateRaw(), signal);
    default:
      return decoded(packed, how, signal);
  }
}
