/** Byte mutators: what becomes of a good input on its way. */

/** Numbers where counts, lengths and offsets go wrong. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** @param random - in [0, 1). @returns another input; `bytes` stays as it is */
export function mutate(bytes: Uint8Array, random: () => number): Buffer {
  let mutated: Buffer = Buffer.from(bytes);
  for (let rounds = 1 + below(4, random); rounds > 0; rounds -= 1) mutated = once(mutated, random);
  return mutated;
}

/** A whole number below `limit`. */
export function below(limit: number, random: () => number): number {
  return Math.floor(random() * limit);
}

/** One of them. */
export function pick<T>(from: readonly T[], random: () => number): T {
  return from[below(from.length, random)] as T;
}

function once(bytes: Buffer, random: () => number): Buffer {
  const at = below(bytes.length + 1, random);
  const length = 1 + below(random() < 0.8 ? 8 : bytes.length + 1, random);
  const piece = bytes.subarray(at, at + length);
  switch (below(8, random)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), piece, piece, bytes.subarray(at + length)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), noise(length, random), bytes.subarray(at)]);
    case 4:
      return written(bytes, at, noise(length, random));
    case 5:
      return written(bytes, at, edge(random));
    case 6:
      return written(bytes, below(bytes.length + 1, random), piece);
    default:
      return flipped(bytes, at, random);
  }
}

function noise(length: number, random: () => number): Buffer {
  return Buffer.from(Array.from({ length }, () => below(256, random)));
}

/** Of one, two, four or eight bytes, in either order. */
function edge(random: () => number): Buffer {
  const bytes = Buffer.alloc(8);
  const value = pick(EDGES, random);
  if (random() < 0.5) bytes.writeUInt32LE(value);
  else bytes.writeUInt32BE(value, 4);
  const width = pick([1, 2, 4, 8], random);
  return random() < 0.5 ? bytes.subarray(0, width) : bytes.subarray(8 - width);
}

function written(bytes: Buffer, at: number, piece: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  piece.copy(copy, at);
  return copy;
}

function flipped(bytes: Buffer, at: number, random: () => number): Buffer {
  const copy = Buffer.from(bytes);
  if (at < copy.length) copy[at] = (copy[at] as number) ^ (1 << below(8, random));
  return copy;
}
