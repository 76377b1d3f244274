/**
 * Unpack bzip2, several streams in one file included. Of the libraries at hand one holds what a block unpacks to as a
 * list of numbers (46 million of them for 45 bytes), and all of a file's end at once.
 */

import type { ByteWindow } from './byte-window.ts';
import { Bits, BLOCK_UNIT, type Bzip2Block, readBlock } from './bzip2-block.ts';
import { PackedError } from './packed-error.ts';

const PIECE_BYTES = 64 * 1024;
/** Of a block of 100,000 bytes, packed as badly as can be. */
const PACKED_UNIT = 260_000;
const BLOCK_MARK = 0x314159265359;
const END_MARK = 0x177245385090;

/** By polynomial 0x04c11db7, highest bit first. */
const SUMS = Int32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 24;
  for (let bit = 0; bit < 8; bit++) sum = sum < 0 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
  return sum;
});

/** Errors: PackedError where it is cut or damaged, behind all that is whole. */
export async function* bunzip2(input: ByteWindow): AsyncGenerator<Buffer, void> {
  let isFirst = true;
  while (await input.fill(1)) {
    if (!(await input.fill(4))) throw new PackedError('cut off');
    const head = input.held.toString('latin1', 0, 4);
    if (!isFirst && /^\0/.test(head)) return;
    if (!/^BZh[1-9]$/.test(head)) throw new PackedError('something that is no bzip2');
    isFirst = false;
    yield* stream(input, Number(head[3]));
  }
}

async function* stream(input: ByteWindow, level: number): AsyncGenerator<Buffer, void> {
  const chain = new Uint32Array(level * BLOCK_UNIT);
  let sumOfAll = 0;
  input.take(4);
  // Blocks end within bytes.
  for (let skip = 0; ; ) {
    await input.fill(level * PACKED_UNIT);
    const bits = new Bits(input.held);
    bits.read(skip);
    const mark = bits.read(24) * 2 ** 24 + bits.read(24);
    const sum = bits.read32();
    if (bits.isOver) throw new PackedError('cut off');
    if (mark === END_MARK) {
      if (sum !== sumOfAll) throw new PackedError('a wrong checksum');
      input.take(bits.bytes);
      return;
    }
    if (mark !== BLOCK_MARK) throw new PackedError('a damaged block');
    const block = readBlock(bits, chain);
    let found = 0xffffffff;
    // Nothing of a damaged block is handed on.
    for (const piece of pieces(block, true)) {
      found = summed(found, piece);
      await input.turn(piece.length);
    }
    if (~found >>> 0 !== sum) throw new PackedError('a wrong checksum');
    for (const piece of pieces(block, false)) {
      yield piece;
      await input.turn(piece.length);
    }
    sumOfAll = (((sumOfAll << 1) | (sumOfAll >>> 31)) ^ sum) >>> 0;
    skip = bits.spare;
    input.take(bits.bytes - (skip === 0 ? 0 : 1));
    await input.turn(block.length);
  }
}

function summed(before: number, bytes: Buffer): number {
  let sum = before;
  for (let at = 0; at < bytes.length; at++) sum = (sum << 8) ^ (SUMS[(sum >>> 24) ^ (bytes[at] as number)] as number);
  return sum;
}

/** Its bytes: four equal ones are followed by how often it comes again. @param isOne - all pieces have the same room */
function* pieces({ chain, length, start }: Bzip2Block, isOne: boolean): Generator<Buffer, void> {
  let piece = Buffer.allocUnsafe(PIECE_BYTES);
  let [filled, place, last, equal] = [0, start, -1, 0];
  for (let at = 0; at < length; at++) {
    const entry = chain[place] as number;
    const byte = entry & 0xff;
    place = entry >>> 8;
    let times = 1;
    if (equal === 4) {
      times = byte;
      equal = 0;
    } else {
      equal = byte === last ? equal + 1 : 1;
      last = byte;
    }
    for (; times > 0; times--) {
      piece[filled++] = last;
      if (filled < PIECE_BYTES) continue;
      yield piece;
      if (!isOne) piece = Buffer.allocUnsafe(PIECE_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}
