/** A unit in the hands of this process, and what is counted of its attempts on all workers. */
import type { KV } from '@nats-io/kv';
import type { Unit, UnitId } from '../../../record.ts';
import type { Delivery } from '../../transport.ts';
import { attemptKey } from '../connection/names.ts';
import type { ServerLink } from '../connection/server-link.ts';
import type { UnitLease } from './unit-lease.ts';

export const ACK = '+ACK';
const NAK = '-NAK';
/** Take it out of the queue although nobody has done it. */
export const TERM = '+TERM';

export interface DeliveryParts {
  readonly unit: Unit;
  readonly attempt: number;
  readonly errors: number;
  readonly isSuspect: boolean;
  readonly lease: UnitLease;
  readonly attempts: AttemptCounts;
  readonly isDecided: () => Promise<boolean>;
  /** Called once, when the delivery is settled or lost. */
  readonly onSettled: () => void;
}

/**
 * A unit in the hands of this process, over its lease. Everything after the lease ended is left undone: it is not ours.
 */
export function createDelivery(parts: DeliveryParts): Delivery {
  const { unit, lease, attempts } = parts;
  const giveBack = async (delayMs: number): Promise<void> => {
    if (lease.isOver) return;
    lease.end();
    await lease.settle(nakAnswer(delayMs));
    parts.onSettled();
  };
  return {
    unit,
    attempt: parts.attempt,
    errors: parts.errors,
    isSuspect: parts.isSuspect,
    signal: lease.signal,
    ack: async () => {
      // A late ack would take the unit away from whoever works on it now.
      if (lease.isOver) return;
      if (!(await parts.isDecided())) return giveBack(0);
      if (lease.isOver) return;
      lease.end();
      await lease.settle(ACK);
      parts.onSettled();
    },
    nak: async (delayMs = 0) => {
      if (!(delayMs >= 0 && delayMs < Number.POSITIVE_INFINITY))
        throw new RangeError(`Expected a delay in milliseconds, got ${delayMs}`);
      if (!lease.isOver) await attempts.handBack(unit.id, lease.signal);
      await giveBack(delayMs);
    },
    fail: async () => {
      if (lease.isOver) return;
      await attempts.addError(unit.id, lease.signal);
      await giveBack(0);
    },
  };
}

/**
 * Whole milliseconds: the server ignores a delay of fractional nanoseconds and delivers at once, thousands of times a
 * second.
 */
export function nakAnswer(delayMs: number): string {
  const wholeMs = Math.round(delayMs);
  return wholeMs === 0 ? NAK : `${NAK} {"delay":${wholeMs * 1_000_000}}`;
}

interface Counts {
  /** Thrown unit errors. */
  readonly errors: number;
  /** Deliveries that somebody began to work on. */
  readonly starts: number;
  /** Of these, handed back in good order. */
  readonly handedBack: number;
}

/** A unit that took this many workers down, or was handed back this often, is not tried again. */
const MAX_RETURNS = 20;
/** When it took so many down its rows are tried one after the other. */
const SUSPECT_ENDS = 2;

/**
 * Errors per unit over all workers. On the server rather than in the delivery count, which also rises by hand-backs and
 * starts anew when the consumer is made again. Written without compare-and-set: one worker holds a unit at a time, and
 * a count that is lost to a late one costs one more attempt.
 */
export class AttemptCounts {
  readonly #link: ServerLink;
  readonly #bucket: KV;

  constructor(link: ServerLink, bucket: KV) {
    this.#link = link;
    this.#bucket = bucket;
  }

  /**
   * Somebody begins to work on a unit.
   * @returns unit errors so far; Infinity when the unit came back without one for the twentieth time
   */
  async begin(unit: UnitId, signal: AbortSignal): Promise<{ readonly errors: number; readonly isSuspect: boolean }> {
    const counts = await this.#read(unit, signal);
    const { errors, starts, handedBack } = counts;
    await this.#write(unit, { ...counts, starts: starts + 1 }, signal);
    const isSuspect = Math.max(errors, starts - errors - handedBack) >= SUSPECT_ENDS;
    return { errors: starts - errors >= MAX_RETURNS ? Number.POSITIVE_INFINITY : errors, isSuspect };
  }

  /** It goes back in good order: that start did nobody harm. */
  async handBack(unit: UnitId, signal: AbortSignal): Promise<void> {
    if (!this.#link.isUp) return;
    const counts = await this.#read(unit, signal);
    await this.#write(unit, { ...counts, handedBack: counts.handedBack + 1 }, signal);
  }

  async addError(unit: UnitId, signal: AbortSignal): Promise<void> {
    const { errors, starts, handedBack } = await this.#read(unit, signal);
    await this.#write(unit, { errors: errors + 1, starts: Math.max(1, starts), handedBack }, signal);
  }

  async #read(unit: UnitId, signal: AbortSignal): Promise<Counts> {
    const found = await this.#link.ask('cannot read the attempts of a unit', () => this.#bucket.get(attemptKey(unit)), {
      signal,
    });
    if (found === null || found.operation !== 'PUT') return { errors: 0, starts: 0, handedBack: 0 };
    const [errors, starts, handedBack] = found.string().split(' ').map(Number);
    return { errors: atLeastZero(errors), starts: atLeastZero(starts), handedBack: atLeastZero(handedBack) };
  }

  async #write(unit: UnitId, counts: Counts, signal: AbortSignal): Promise<void> {
    const value = `${counts.errors} ${counts.starts} ${counts.handedBack}`;
    await this.#link.ask('cannot count the attempts of a unit', () => this.#bucket.put(attemptKey(unit), value), {
      signal,
    });
  }
}

function atLeastZero(value: number | undefined): number {
  return value !== undefined && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
