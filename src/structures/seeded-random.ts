/** Random numbers that repeat: the same for the same seed. */

/** Endless numbers in [0, 1) with 32 random bits. Source: mulberry32 (Tommy Ettinger, public domain). */
export function seededRandom(seed: number): () => number {
  const draw = mulberry32(seed);
  return () => draw() / 2 ** 32;
}

/** As `seededRandom`, with 53 random bits: 32 would give equal numbers to rows of a large manifest. */
export function preciseRandom(seed: number): () => number {
  const draw = mulberry32(seed);
  return () => ((draw() >>> 5) * 2 ** 26 + (draw() >>> 6)) / 2 ** 53;
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
