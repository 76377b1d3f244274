/**
 * The units that were published and are not settled yet, and the place where each one is.
 *
 *   add -> ready -> (take) looked at -> (lease) leased -> (remove) gone
 *            ^                             |
 *            +---- delayed <--- (requeue) -+
 *
 * Everything here is synchronous, so that a unit is always in exactly one of these places.
 */
import type { Clock } from '../../clock.ts';
import type { Unit, UnitId } from '../../record.ts';

/** One delivery's hold on a unit. */
export interface Lease {
  readonly controller: AbortController;
}

export interface QueuedUnit {
  readonly unit: Unit;
  /** Times delivered. */
  deliveries: number;
  /** Thrown unit errors. */
  errors: number;
  /** A record was committed through this channel; the unit is still held or queued until it is rolled forward. */
  decided: boolean;
  /** Set while a worker holds the unit; a delivery that holds another lease is a late one. */
  lease: Lease | undefined;
  cancelDelay: (() => void) | undefined;
}

export class UnitQueue {
  readonly #clock: Clock;
  /** Called when a unit has become ready. */
  readonly #onReady: () => void;
  readonly #units = new Map<UnitId, QueuedUnit>();
  readonly #ready: QueuedUnit[] = [];
  #leased = 0;

  constructor(clock: Clock, onReady: () => void) {
    this.#clock = clock;
    this.#onReady = onReady;
  }

  /** Units that nobody works on: ready, delayed or being looked at. */
  get waiting(): number {
    return this.#units.size - this.#leased;
  }

  get inFlight(): number {
    return this.#leased;
  }

  get size(): number {
    return this.#units.size;
  }

  /** Units without a record, as far as commits went through this channel. */
  get undecided(): number {
    let undecided = 0;
    for (const queued of this.#units.values()) if (!queued.decided) undecided++;
    return undecided;
  }

  get(id: UnitId): QueuedUnit | undefined {
    return this.#units.get(id);
  }

  /** False for a stale handle: the unit is settled, or the queue was emptied. */
  holds(queued: QueuedUnit): boolean {
    return this.#units.get(queued.unit.id) === queued;
  }

  add(unit: Unit): void {
    const queued: QueuedUnit = {
      unit,
      deliveries: 0,
      errors: 0,
      decided: false,
      lease: undefined,
      cancelDelay: undefined,
    };
    this.#units.set(unit.id, queued);
    this.#makeReady(queued);
  }

  /** The unit that waits longest. It is nobody's until it is leased, put back or removed. */
  take(): QueuedUnit | undefined {
    return this.#ready.shift();
  }

  /** Undo a take. */
  putBack(queued: QueuedUnit): void {
    if (!this.holds(queued)) return;
    this.#ready.unshift(queued);
    this.#onReady();
  }

  lease(queued: QueuedUnit): Lease {
    const lease = { controller: new AbortController() };
    queued.lease = lease;
    queued.deliveries++;
    this.#leased++;
    return lease;
  }

  /**
   * Give a leased unit back, to be ready after `delayMs`. Last in line, so that a unit that keeps failing holds up
   * nobody.
   */
  requeue(queued: QueuedUnit, delayMs: number): void {
    this.#release(queued);
    if (delayMs === 0) {
      this.#makeReady(queued);
      return;
    }
    queued.cancelDelay = this.#clock.timer(delayMs, () => {
      queued.cancelDelay = undefined;
      this.#makeReady(queued);
    });
  }

  /** The unit is settled: its record exists and was rolled forward. */
  remove(queued: QueuedUnit): void {
    if (!this.holds(queued)) return;
    this.#release(queued);
    this.#units.delete(queued.unit.id);
  }

  /** Forget every unit and abort whoever works on one. */
  clear(reason: Error): void {
    const all = [...this.#units.values()];
    this.#units.clear();
    this.#ready.length = 0;
    this.#leased = 0;
    for (const queued of all) {
      queued.cancelDelay?.();
      const lease = queued.lease;
      queued.lease = undefined;
      lease?.controller.abort(reason);
    }
  }

  #makeReady(queued: QueuedUnit): void {
    this.#ready.push(queued);
    this.#onReady();
  }

  #release(queued: QueuedUnit): void {
    if (queued.lease === undefined) return;
    queued.lease = undefined;
    this.#leased--;
  }
}
