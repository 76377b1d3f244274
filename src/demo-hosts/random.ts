/**
 * Randomness that repeats: every draw is a pure function of a seed and a text, so that one seed serves the same bytes
 * and the same faults in every run, whatever the order of requests.
 */

/** 32-bit hash of a text. FNV-1a with murmur3's finaliser: FNV alone leaves the high bits of short texts alike. */
export function hashText(text: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A number in [0, 1) for a text. */
export function uniform(text: string, seed: number): number {
  return hashText(text, seed) / 2 ** 32;
}

/** One lognormal draw. `mean` is the arithmetic mean, `sigma` the deviation of the logarithm; 0 gives `mean` itself. */
export function lognormal(mean: number, sigma: number, random: () => number): number {
  if (sigma === 0) return mean;
  // Box-Muller; 1 - u keeps the logarithm finite.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return mean * Math.exp(sigma * normal - sigma ** 2 / 2);
}
