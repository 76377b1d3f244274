/** A delivery over its lease. */
import type { Unit } from '../../../record.ts';
import type { Delivery } from '../../transport.ts';
import type { AttemptCounts } from './attempt-counts.ts';
import type { Lease } from './lease.ts';

export const ACK = '+ACK';
const NAK = '-NAK';

export interface DeliveryParts {
  readonly unit: Unit;
  readonly attempt: number;
  readonly errors: number;
  readonly lease: Lease;
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
