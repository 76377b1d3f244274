/** The beginnings of sending since the last pause. */
import type { AcceptedLog, Mark } from './accepted-log.ts';
import type { Candidate, Segment } from './bucket.ts';

/** Where sending changed its pace: a place from which the bucket can be measured later. */
interface Start {
  readonly mark: Mark;
  /** Sends per second from here on. */
  readonly perS: number;
  /** How long the bucket was filled before, and how fast it was emptied meanwhile. */
  readonly restMs: number;
  readonly restPerS: number;
}

/** The first start (after a pause) and the newest ones are the telling ones. Chosen. */
const keptStarts = 8;

/** The beginnings of sending since the last pause. */
export class Segments {
  #starts: Start[] = [];

  get isEmpty(): boolean {
    return this.#starts.length === 0;
  }

  /** After a rest: what was before does not count any more. */
  restart(mark: Mark, perS: number, restMs: number): void {
    this.#starts = [];
    this.add(mark, perS, restMs, 0);
  }

  add(mark: Mark, perS: number, restMs: number, restPerS: number): void {
    if (this.#starts.length >= keptStarts) this.#starts.splice(1, 1);
    this.#starts.push({ mark, perS, restMs, restPerS });
  }

  /** Segments from every start to one 429, the longest first. */
  until(end: Mark, log: AcceptedLog): Candidate[] {
    return this.#starts.map(({ mark, perS, restMs, restPerS }) => ({
      perS,
      restMs,
      restPerS,
      ...segmentBetween(log, mark, end),
    }));
  }
}

/** Never empty, so that rates can be computed from it. */
export function segmentBetween(log: AcceptedLog, from: Mark, to: Mark): Segment {
  return { accepted: Math.max(1, log.accepted(from, to)), elapsedMs: Math.max(1, to.atMs - from.atMs) };
}
