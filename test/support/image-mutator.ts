/** Images of every format that has a reader, and what a stranger might make of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../unit/image/fixtures/', import.meta.url));

/** Small images as encoders write them, by name of file. */
export const IMAGES: ReadonlyMap<string, Buffer> = new Map(
  readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name))]),
);

type Draw = (below: number) => number;
type Mutation = (bytes: Buffer, draw: Draw) => Buffer;

/** Values that lengths and counts are bad at. */
const EDGES = [0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0xffffffff];

const MUTATIONS: readonly Mutation[] = [
  (bytes, draw) => {
    const flipped = Buffer.from(bytes);
    for (let times = 1 + draw(8); times > 0; times -= 1) {
      const at = draw(flipped.length);
      flipped[at] = (flipped[at] as number) ^ (1 << draw(8));
    }
    return flipped;
  },
  (bytes, draw) => {
    const edged = Buffer.from(bytes);
    const value = EDGES[draw(EDGES.length)] as number;
    const width = [1, 2, 4][draw(3)] as number;
    if (edged.length < width) return edged;
    const at = draw(edged.length - width + 1);
    if (draw(2) === 0) edged.writeUIntBE(value % 2 ** (8 * width), at, width);
    else edged.writeUIntLE(value % 2 ** (8 * width), at, width);
    return edged;
  },
  (bytes, draw) => bytes.subarray(0, draw(bytes.length + 1)),
  (bytes, draw) => {
    const [from, to] = range(bytes, draw);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, draw) => {
    const [from, to] = range(bytes, draw);
    const part = bytes.subarray(from, Math.min(to, from + 64));
    return Buffer.concat([bytes.subarray(0, to), ...new Array<Buffer>(1 + draw(20)).fill(part), bytes.subarray(to)]);
  },
  (bytes, draw) => {
    const [from, to] = range(bytes, draw);
    return Buffer.from(bytes).fill(draw(2) === 0 ? draw(256) : 0xff, from, to);
  },
  (bytes, draw) => Buffer.concat([Buffer.alloc(draw(5000), '<br />\nWarning: '), bytes]),
  (bytes, draw) => Buffer.concat([bytes, someImage(draw)]),
];

/** An image with one to four changes. @param draw - an integer from 0 up to, not including, its argument */
export function mutatedImage(draw: Draw): Buffer {
  let bytes = someImage(draw);
  for (let times = 1 + draw(4); times > 0 && bytes.length > 0; times -= 1)
    bytes = (MUTATIONS[draw(MUTATIONS.length)] as Mutation)(bytes, draw);
  return bytes;
}

/** The same bytes in pieces. */
export function inPieces(bytes: Buffer, draw: Draw): Buffer[] {
  const most = [1, 16, 300, 70_000][draw(4)] as number;
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = most === 1 ? 1 : draw(most + 1);
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

function someImage(draw: Draw): Buffer {
  return [...IMAGES.values()][draw(IMAGES.size)] as Buffer;
}

function range(bytes: Buffer, draw: Draw): [number, number] {
  const from = draw(bytes.length + 1);
  return [from, from + draw(bytes.length - from + 1)];
}
