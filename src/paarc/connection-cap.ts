/** Whether a 429 means "too many at once": by how much was in flight when it was earned. */

/** Counts of sends per number in flight; above this a cap would not be taken for a rate. */
const mostLevels = 64;
/** So many refusals, and so many sends with less in flight that were granted, tell. Chosen by scenario runs. */
const tellingRefusals = 3;
const tellingGrants = 12;
/** This part of the refusals may have met less than the cap: an answer on its way still counts here, not there. */
const strays = 0.2;
/** Below a cap nearly all are granted, above it nearly none. */
const sharp = 0.8;

/**
 * Looks at requests that went out evenly. A rate that is a little too high refuses whoever comes next; a cap on
 * connections refuses those alone that met so many others, and nearly all of them.
 */
export class ConnectionCap {
  readonly #granted = new Uint32Array(mostLevels + 1);
  readonly #refused = new Uint32Array(mostLevels + 1);
  #refusals = 0;

  granted(inFlight: number): void {
    if (inFlight <= mostLevels) this.#granted[inFlight] = (this.#granted[inFlight] as number) + 1;
  }

  refused(inFlight: number): void {
    if (inFlight > mostLevels) return;
    this.#refused[inFlight] = (this.#refused[inFlight] as number) + 1;
    this.#refusals++;
  }

  /** How many requests it lets in at once; undefined where it does not look like that. */
  get connections(): number | undefined {
    if (this.#refusals < tellingRefusals) return undefined;
    let below = 0;
    let stray = 0;
    let strayBelow = 0;
    let level = 1;
    for (; level <= mostLevels; level++) {
      stray += this.#refused[level] as number;
      if (stray > strays * this.#refusals) break;
      strayBelow = stray;
      below += this.#granted[level] as number;
    }
    let above = 0;
    for (let at = level; at <= mostLevels; at++) above += this.#granted[at] as number;
    const refusedAbove = this.#refusals - strayBelow;
    const isCap = above <= (1 - sharp) * (above + refusedAbove) && strayBelow <= (1 - sharp) * (below + strayBelow);
    return level > 1 && below >= tellingGrants && isCap ? level - 1 : undefined;
  }
}
