/** Errors and starts of units over all workers. */
import type { KV } from '@nats-io/kv';
import type { UnitId } from '../../../record.ts';
import type { Link } from '../connection/link.ts';
import { attemptKey } from '../connection/names.ts';

interface Counts {
  /** Thrown unit errors. */
  readonly errors: number;
  /** Deliveries that somebody began to work on. */
  readonly starts: number;
}

/** A unit that took this many workers down, or was handed back this often, is not tried again. */
const MAX_RETURNS = 20;

/**
 * Errors per unit over all workers. On the server rather than in the delivery count, which also rises by hand-backs and
 * starts anew when the consumer is made again. Written without compare-and-set: one worker holds a unit at a time, and
 * a count that is lost to a late one costs one more attempt.
 */
export class AttemptCounts {
  readonly #link: Link;
  readonly #bucket: KV;

  constructor(link: Link, bucket: KV) {
    this.#link = link;
    this.#bucket = bucket;
  }

  /**
   * Somebody begins to work on a unit.
   * @returns unit errors so far; Infinity when the unit came back without one for the twentieth time
   */
  async begin(unit: UnitId, signal: AbortSignal): Promise<number> {
    const { errors, starts } = await this.#read(unit, signal);
    await this.#write(unit, { errors, starts: starts + 1 }, signal);
    return starts - errors >= MAX_RETURNS ? Number.POSITIVE_INFINITY : errors;
  }

  async addError(unit: UnitId, signal: AbortSignal): Promise<void> {
    const { errors, starts } = await this.#read(unit, signal);
    await this.#write(unit, { errors: errors + 1, starts: Math.max(1, starts) }, signal);
  }

  async #read(unit: UnitId, signal: AbortSignal): Promise<Counts> {
    const found = await this.#link.ask('cannot read the attempts of a unit', () => this.#bucket.get(attemptKey(unit)), {
      signal,
    });
    if (found === null || found.operation !== 'PUT') return { errors: 0, starts: 0 };
    const [errors, starts] = found.string().split(' ').map(Number);
    return { errors: atLeastZero(errors), starts: atLeastZero(starts) };
  }

  async #write(unit: UnitId, counts: Counts, signal: AbortSignal): Promise<void> {
    const value = `${counts.errors} ${counts.starts}`;
    await this.#link.ask('cannot count the attempts of a unit', () => this.#bucket.put(attemptKey(unit), value), {
      signal,
    });
  }
}

function atLeastZero(value: number | undefined): number {
  return value !== undefined && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
