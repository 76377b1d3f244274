/**
 * Unpack zstd, several frames in one file included, block by block: the one of Node's zlib, where there is one, ends
 * behind the first frame without a word, and in some versions where a file is cut off.
 */
import type { ByteWindow } from './byte-window.ts';
import { PackedError } from './packed-error.ts';
import { Xxh64 } from './xxh64.ts';

/** What zstd itself unpacks without being told to. */
const MAX_WINDOW = 128 * 1024 * 1024;
const MAX_BLOCK = 128 * 1024;
const MAX_HEADER = 18;
/** A block has the window moved, however little is in it: so much of that, beside what a usual file needs. */
const FREE_MOVES = 2 ** 36;
const MOVES_PER_BYTE = 4096;

interface Frame {
  readonly header: Buffer;
  readonly windowBytes: number;
  /** Unpacked, where it is said. */
  readonly bytes: number | undefined;
  readonly hasSum: boolean;
}

/** How much was done, over all frames. */
interface Work {
  moved: number;
  bytes: number;
}

/** Errors: PackedError where it is cut or damaged, behind all that is whole. */
export async function* unzstd(input: ByteWindow): AsyncGenerator<Buffer, void> {
  const work: Work = { moved: 0, bytes: 0 };
  while (await input.fill(1)) {
    if (!(await input.fill(8))) throw new PackedError('cut off');
    if (isSkippable(input.held)) await skip(input);
    else yield* frame(input, work);
  }
}

/** Whether bytes begin with what other programs have put between frames. */
export function isSkippable(bytes: Buffer): boolean {
  return bytes.length >= 4 && (bytes.readUInt32LE(0) & 0xfffffff0) >>> 0 === 0x184d2a50;
}

async function skip(input: ByteWindow): Promise<void> {
  let left = input.held.readUInt32LE(4);
  input.take(8);
  while (left > 0) {
    if (!(await input.fill(1))) throw new PackedError('cut off');
    left -= input.take(left).length;
  }
}

async function* frame(input: ByteWindow, work: Work): AsyncGenerator<Buffer, void> {
  const { Decompress } = await import('fzstd');
  await input.fill(MAX_HEADER);
  const { header, windowBytes, bytes, hasSum } = readHeader(input.held);
  input.take(header.length);
  const pieces: Buffer[] = [];
  const decoder = new Decompress((piece) => void (piece.length > 0 && pieces.push(asBuffer(piece))));
  const sum = new Xxh64();
  let unpacked = 0;
  for (let before = header, isLast = false; !isLast; before = Buffer.alloc(0)) {
    if (!(await input.fill(3))) throw new PackedError('cut off');
    const block = input.held.readUIntLE(0, 3);
    isLast = (block & 1) === 1;
    const length = blockLength(block) + (isLast && hasSum ? 4 : 0);
    if (!(await input.fill(length))) throw new PackedError('cut off');
    const packed = input.take(length);
    decode(() => decoder.push(Buffer.concat([before, packed]), isLast));
    work.moved += windowBytes;
    for (const piece of pieces.splice(0)) {
      unpacked += piece.length;
      work.bytes += piece.length;
      if (hasSum) sum.update(piece);
      yield piece;
    }
    if (work.moved > FREE_MOVES + work.bytes * MOVES_PER_BYTE)
      throw new PackedError('next to nothing in each of its blocks, and a large window', 'too large');
    await input.turn(windowBytes / 8 + MAX_BLOCK);
    if (isLast && hasSum && packed.readUInt32LE(length - 4) !== sum.digest()) throw new PackedError('a wrong checksum');
  }
  if (bytes !== undefined && bytes !== unpacked) throw new PackedError('a damaged frame');
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

function decode(act: () => void): void {
  try {
    act();
  } catch (error) {
    // What it does not know for damage it stumbles over, with a RangeError or TypeError.
    throw new PackedError(`damaged data (${(error as Error).message})`);
  }
}

/** With its three bytes. */
function blockLength(block: number): number {
  const size = block >> 3;
  const kind = (block >> 1) & 3;
  if (kind === 3 || size > MAX_BLOCK) throw new PackedError('a damaged block');
  return 3 + (kind === 1 ? 1 : size);
}

/** RFC 8878, 3.1.1.1. Errors: PackedError. */
function readHeader(held: Buffer): Frame {
  if (held.readUInt32LE(0) !== 0xfd2fb528) throw new PackedError('something that is no zstd');
  const flags = held[4] as number;
  const isSingle = (flags & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3] as number;
  const sizeBytes = flags >> 6 === 0 ? (isSingle ? 1 : 0) : 1 << (flags >> 6);
  const sizeAt = (isSingle ? 5 : 6) + dictionaryBytes;
  const length = sizeAt + sizeBytes;
  if (held.length < length) throw new PackedError('cut off');
  if ((flags & 8) !== 0) throw new PackedError('a damaged frame');
  if (held.subarray(sizeAt - dictionaryBytes, sizeAt).some((byte) => byte !== 0))
    throw new PackedError('a dictionary of its own (pack it again without)', 'unread');
  const exponent = 2 ** (10 + ((held[5] as number) >> 3));
  const window = exponent + (exponent / 8) * ((held[5] as number) & 7);
  const bytes = sizeBytes === 0 ? undefined : sizeOf(held, sizeAt, sizeBytes);
  const windowBytes = isSingle ? (bytes ?? 0) : window;
  if (windowBytes > MAX_WINDOW)
    throw new PackedError('a window of over 128 MiB (pack it again without --long)', 'too large');
  return { header: held.subarray(0, length), windowBytes, bytes, hasSum: (flags & 4) !== 0 };
}

function sizeOf(held: Buffer, at: number, bytes: number): number {
  if (bytes === 8) return Number(held.readBigUInt64LE(at));
  return held.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0);
}
