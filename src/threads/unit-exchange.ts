/**
 * The units of a process between its threads: each takes from the channel by itself, and what one has taken and not
 * begun goes to another that has nothing, without being another delivery.
 */
import type { UnitId, UnitRecord } from '../record.ts';
import { type Delivery, type JobChannel, settledThrough } from '../transport/transport.ts';

/** What the working half needs of a job's channel. */
export type WorkedChannel = Pick<JobChannel, 'next' | 'commit' | 'record'>;

/** One thread's way to the units. */
export interface UnitTaker extends WorkedChannel {
  /** Units in its hands. */
  readonly units: number;
  /** It has no unit, and waits for one. */
  readonly isStarved: boolean;
  /** The thread is gone and takes nothing more; what it holds is settled by whoever ended it. */
  leave(): void;
}

interface PassedOn {
  readonly delivery: Delivery;
  readonly by: Taker;
}

export class UnitExchange {
  readonly channel: WorkedChannel;
  readonly #takers = new Set<Taker>();
  #passedOn: PassedOn[] = [];
  /** The suspected unit that is being tried: of two rows at the end of a process nobody could tell which one did it. */
  #suspect: Delivery | undefined;
  /** Units that go to other processes when they are passed on next. */
  #released = 0;
  #isOver = false;

  /** @param drain - nothing more is taken then: what was passed on goes back to the channel */
  constructor(channel: WorkedChannel, drain: AbortSignal) {
    this.channel = channel;
    const end = (): void => {
      this.#isOver = true;
      for (const { delivery } of this.#passedOn.splice(0)) void delivery.nak().catch(() => {});
    };
    if (drain.aborted) end();
    else drain.addEventListener('abort', end, { once: true });
  }

  /** Units that were passed on and that nobody has taken yet. */
  get waiting(): number {
    return this.#passedOn.length;
  }

  /** The next so many that are passed on go back to the channel. */
  release(units: number): void {
    this.#released = units;
  }

  join(): UnitTaker {
    const taker = new Taker(this, () => {
      this.#takers.delete(taker);
      this.#wake();
    });
    this.#takers.add(taker);
    return taker;
  }

  /** Somebody else may have it, the one who passes it on only when nobody is without a unit. */
  passOn(delivery: Delivery, by: Taker): void {
    if (delivery.signal.aborted) return;
    if (this.#isOver) return void delivery.nak().catch(() => {});
    if (this.#released > 0 && delivery.isSuspect !== true) {
      this.#released -= 1;
      return void delivery.nak().catch(() => {});
    }
    this.#passedOn.push({ delivery, by });
    this.#wake();
  }

  /** Whether it may be begun now; a suspected unit waits until no other one is being tried. */
  begins(delivery: Delivery): boolean {
    if (delivery.isSuspect !== true) return true;
    if (this.#suspect !== undefined) return false;
    this.#suspect = delivery;
    return true;
  }

  /** Settled, or gone. */
  ended(delivery: Delivery): void {
    if (this.#suspect !== delivery) return;
    this.#suspect = undefined;
    this.wakeIfPassedOn();
  }

  /** A unit that was passed on, for this one to begin. */
  take(taker: Taker): Delivery | undefined {
    this.#passedOn = this.#passedOn.filter(({ delivery }) => !delivery.signal.aborted);
    const others = [...this.#takers].filter((other) => other !== taker);
    // Those with units ask for more as well, and would pass it to each other past one who has none.
    const isNeeded = taker.units > 0 && others.some(({ isStarved }) => isStarved);
    const isOwnNeeded = others.some(({ units }) => units === 0);
    const place = this.#passedOn.findIndex(({ delivery, by }) =>
      delivery.isSuspect ? this.#suspect === undefined : !isNeeded && (by !== taker || !isOwnNeeded),
    );
    return place < 0 ? undefined : this.#passedOn.splice(place, 1)[0]?.delivery;
  }

  /** Somebody's way of looking has changed. */
  wakeIfPassedOn(): void {
    if (this.#passedOn.length > 0) this.#wake();
  }

  #wake(): void {
    for (const taker of this.#takers) taker.wake();
  }
}

class Taker implements UnitTaker {
  units = 0;
  readonly #exchange: UnitExchange;
  readonly #onLeave: () => void;
  readonly #looks = new Set<AbortController>();

  constructor(exchange: UnitExchange, onLeave: () => void) {
    this.#exchange = exchange;
    this.#onLeave = onLeave;
  }

  get isStarved(): boolean {
    return this.units === 0 && this.#looks.size > 0;
  }

  async next(signal?: AbortSignal): Promise<Delivery | undefined> {
    for (;;) {
      signal?.throwIfAborted();
      const passed = this.#exchange.take(this);
      if (passed !== undefined && this.#exchange.begins(passed)) return this.#hold(passed);
      const look = new AbortController();
      this.#looks.add(look);
      try {
        const both = signal === undefined ? look.signal : AbortSignal.any([signal, look.signal]);
        const delivery = await this.#exchange.channel.next(both);
        if (delivery === undefined || this.#exchange.begins(delivery)) return delivery && this.#hold(delivery);
        this.#exchange.passOn(delivery, this);
      } catch (error) {
        if (!look.signal.aborted) throw error;
      } finally {
        this.#looks.delete(look);
      }
    }
  }

  commit(record: UnitRecord): ReturnType<WorkedChannel['commit']> {
    return this.#exchange.channel.commit(record);
  }

  record(unit: UnitId): Promise<UnitRecord | undefined> {
    return this.#exchange.channel.record(unit);
  }

  /** Whoever waits looks whether there is something for it now. */
  wake(): void {
    for (const look of this.#looks) look.abort(new Error('a unit was passed on'));
  }

  leave(): void {
    this.#onLeave();
  }

  #hold(delivery: Delivery): Delivery {
    let isHeld = true;
    const drop = (): void => {
      if (!isHeld) return;
      isHeld = false;
      this.units -= 1;
      this.#exchange.ended(delivery);
      delivery.signal.removeEventListener('abort', drop);
    };
    this.units += 1;
    delivery.signal.addEventListener('abort', drop, { once: true });
    this.#exchange.wakeIfPassedOn();
    const settle = (settling: Promise<void>): Promise<void> => settling.finally(drop);
    return {
      ...settledThrough(delivery, settle),
      pass: () => {
        if (!isHeld) return;
        drop();
        this.#exchange.passOn(delivery, this);
      },
    };
  }
}
