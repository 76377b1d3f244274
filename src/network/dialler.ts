/** Connects to a host by whichever of its addresses answers first, and remembers which one that was. */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { type Dialling, firstToConnect } from './first-to-connect.ts';

/** Hosts with a better address than their first, those asked last. Chosen. */
const MAX_BEST = 2000;
/** How long such an address is taken for the best one. RFC 8305 leaves it open. Chosen. */
const BEST_MS = 10 * 60_000;

export class Dialler {
  readonly #clock: Pick<Clock, 'timer' | 'nowMs'>;
  /** Addresses that answered where the first one of their host did not in time. */
  readonly #best: LRUCache<string, string>;

  constructor(clock: Pick<Clock, 'timer' | 'nowMs'>) {
    this.#clock = clock;
    const perf = { now: () => Math.floor(clock.nowMs()) + 1 };
    this.#best = new LRUCache({ max: MAX_BEST, ttl: BEST_MS, ttlResolution: 0, perf });
  }

  /**
   * The address that answers first has the head start from then on.
   * @param name - whose addresses they are
   * @returns what gives it up; `done` is not called any more then
   */
  dial(name: string, dialling: Omit<Dialling, 'clock'>): () => void {
    const { addresses, done } = dialling;
    const isChoice = addresses.length > 1 || dialling.more !== undefined;
    const best = isChoice ? this.#best.get(name) : undefined;
    return firstToConnect({
      ...dialling,
      clock: this.#clock,
      addresses: best === undefined ? addresses : [best, ...addresses.filter((address) => address !== best)],
      done: (error, socket, address) => {
        if (isChoice && error === null && address !== best && address !== addresses[0]) this.#best.set(name, address);
        else if (error !== null && best !== undefined) this.#best.delete(name);
        done(error, socket, address);
      },
    });
  }
}
