/** What envelopes say about their senders: clock, losses, how far they have read. */
import type { Envelope } from './envelope.ts';

/** How long a least delay is believed. Two clocks that differ by 50 ppm drift 3 ms in a minute. */
const windowMs = 30_000;

interface Peer {
  readonly clock: SenderClock;
  number: number;
  seen: number;
}

/**
 * What the envelopes of the other workers say about themselves: their clock, whether one was lost, and how far they
 * have read.
 */
export class Peers {
  readonly #peers = new Map<string, Peer>();

  /**
   * An envelope came in.
   * @param read - how far we have read the bucket ourselves. What the sender says of later revisions is lost on us, a
   * report to the leader that we do not know yet that we are, so it does not count as said
   * @returns undefined for one that is older than another of the same sender
   */
  hear(
    { from, number, nowMs: sentMs, seen }: Envelope,
    read: number,
    nowMs: number,
  ): { readonly clock: SenderClock; readonly isGap: boolean } | undefined {
    let peer = this.#peers.get(from);
    if (peer !== undefined && number <= peer.number) return undefined;
    const isGap = peer !== undefined && number > peer.number + 1;
    if (peer === undefined) {
      peer = { clock: new SenderClock(), number, seen: 0 };
      this.#peers.set(from, peer);
    }
    peer.number = number;
    peer.seen = Math.max(Math.min(seen, read), peer.seen);
    peer.clock.hear(sentMs, nowMs);
    return { clock: peer.clock, isGap };
  }

  /** How many of `workers` have not said, to us who have read that far, that they have read up to `revision`. */
  behind(workers: readonly string[], revision: number): number {
    return workers.filter((worker) => (this.#peers.get(worker)?.seen ?? 0) < revision).length;
  }

  /** Keep those only who are still there. */
  keep(workers: readonly string[]): void {
    if (this.#peers.size <= 2 * workers.length + 16) return;
    const alive = new Set(workers);
    for (const worker of this.#peers.keys()) if (!alive.has(worker)) this.#peers.delete(worker);
  }
}

/**
 * Another process's monotonic clock, read on mine. Every message says when it was sent, on the sender's clock; the
 * least difference to its arrival over the last minute is the offset plus the least delay of a message. No wall clock
 * has a part in it.
 */
export class SenderClock {
  #leastMs = Number.POSITIVE_INFINITY;
  #previousMs = Number.POSITIVE_INFINITY;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** A message came in. */
  hear(sentMs: number, arrivedMs: number): void {
    if (arrivedMs - this.#sinceMs > windowMs) {
      this.#previousMs = this.#leastMs;
      this.#leastMs = Number.POSITIVE_INFINITY;
      this.#sinceMs = arrivedMs;
    }
    this.#leastMs = Math.min(this.#leastMs, arrivedMs - sentMs);
  }

  /** What to add to the sender's times; call after `hear`. */
  get offsetMs(): number {
    return Math.min(this.#leastMs, this.#previousMs);
  }

  /**
   * A time of the sender on my clock, not after `nowMs` and never before one that was read earlier: order is worth more
   * than accuracy.
   */
  read(senderMs: number, nowMs: number): number {
    this.#lastMs = Math.max(this.#lastMs, Math.min(nowMs, senderMs + this.offsetMs));
    return this.#lastMs;
  }
}
