/** The lanes of hosts: those with rows, and up to a number of those without, which keep what their limit has learned. */
import type { Lane } from './lane.ts';

/** More idle lanes than this and the longest idle are forgotten. */
const MAX_IDLE_LANES = 4096;

interface LaneEnds<Work> {
  readonly onIdle: (lane: Lane<Work>) => void;
  readonly onEvict: (lane: Lane<Work>) => void;
}

export class Lanes<Work> {
  readonly #open: (host: string) => Lane<Work>;
  readonly #ends: LaneEnds<Work>;
  readonly #all = new Map<string, Lane<Work>>();
  readonly #idle = new Set<Lane<Work>>();

  constructor(open: (host: string) => Lane<Work>, ends: LaneEnds<Work>) {
    this.#open = open;
    this.#ends = ends;
  }

  get size(): number {
    return this.#all.size;
  }

  values(): Iterable<Lane<Work>> {
    return this.#all.values();
  }

  find(host: string): Lane<Work> | undefined {
    return this.#all.get(host);
  }

  /** The host's lane, a new one if it has none, for a row that comes. */
  take(host: string): Lane<Work> {
    let lane = this.#all.get(host);
    if (lane === undefined) {
      lane = this.#open(host);
      this.#all.set(host, lane);
    }
    this.#idle.delete(lane);
    return lane;
  }

  /** It has no rows any more. */
  retire(lane: Lane<Work>): void {
    this.#idle.add(lane);
    lane.gate.limit.rest?.();
    this.#ends.onIdle(lane);
    if (this.#idle.size <= MAX_IDLE_LANES) return;
    const oldest = this.#idle.values().next().value as Lane<Work>;
    this.#idle.delete(oldest);
    this.#all.delete(oldest.host);
    this.#ends.onEvict(oldest);
  }
}
