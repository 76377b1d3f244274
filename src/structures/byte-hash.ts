/** Source: MurmurHash3_x86_32, Austin Appleby, public domain. */
const [C1, C2] = [0xcc9e2d51, 0x1b873593];

/**
 * 32 bits of which any part is as good as another, of bytes [from, to). Like MurmurHash3, a word at a time, but the
 * last word overlaps the one before it. Depends on the bytes alone, not on where they are.
 */
export function byteHash(bytes: DataView, from: number, to: number): number {
  let hash = to - from;
  if (to - from < 4) {
    let word = 0;
    for (let at = from; at < to; at++) word = (word << 8) | bytes.getUint8(at);
    return finished(folded(hash, word));
  }
  const last = to - 4;
  for (let at = from; at < last; at += 4) hash = folded(hash, bytes.getInt32(at, true));
  return finished(folded(hash, bytes.getInt32(last, true)));
}

function folded(hash: number, word: number): number {
  const mixed = Math.imul(word, C1);
  const bits = hash ^ Math.imul((mixed << 15) | (mixed >>> 17), C2);
  return (Math.imul((bits << 13) | (bits >>> 19), 5) + 0xe6546b64) | 0;
}

function finished(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
