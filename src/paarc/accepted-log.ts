/** A place in the sequence of sends: how many had gone out, and when. */
export interface Mark {
  readonly sends: number;
  readonly atMs: number;
}

/** More 429s than this are remembered only in older counts; a rate search that needs them has long been answered. */
const keptRefusals = 512;

/**
 * Counts what a rate limiter let through between two marks: sends minus 429s. Answers that are still on their way count
 * as accepted, which is what a bucket that was empty at both marks makes of nearly all of them.
 */
export class AcceptedLog {
  #sends = 0;
  /** Ascending send numbers of the 429s. */
  #refused: number[] = [];

  /** One more send; its mark. */
  send(nowMs: number): Mark {
    this.#sends++;
    return { sends: this.#sends, atMs: nowMs };
  }

  here(nowMs: number): Mark {
    return { sends: this.#sends, atMs: nowMs };
  }

  refuse(mark: Mark): void {
    let at = this.#refused.length;
    while (at > 0 && (this.#refused[at - 1] as number) > mark.sends) at--;
    this.#refused.splice(at, 0, mark.sends);
    if (this.#refused.length > keptRefusals) this.#refused.splice(0, keptRefusals / 2);
  }

  /** Accepted sends after `from` up to and including `to`. */
  accepted(from: Mark, to: Mark): number {
    let refused = 0;
    for (let at = this.#refused.length - 1; at >= 0; at--) {
      const sends = this.#refused[at] as number;
      if (sends <= from.sends) break;
      if (sends <= to.sends) refused++;
    }
    return to.sends - from.sends - refused;
  }
}
