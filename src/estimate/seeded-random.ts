/**
 * Endless numbers in [0, 1) with 53 random bits, the same for the same seed. Source: two draws of mulberry32 (Tommy
 * Ettinger, public domain) per number: one alone would give equal numbers to rows of a large manifest.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  const draw = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return () => ((draw() >>> 5) * 2 ** 26 + (draw() >>> 6)) / 2 ** 53;
}
