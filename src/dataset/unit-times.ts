/** Where a unit's time goes: queue, headers, body, hash, write, commit. */
import type { RowResult } from '../record.ts';

/** Where a unit's time goes, in the order in which a row meets it. */
export const TIME_PARTS = ['queue', 'headers', 'body', 'hash', 'write', 'commit'] as const;
export type TimePart = (typeof TIME_PARTS)[number];

/**
 * Milliseconds by part, summed over the rows of a unit. Rows are under way side by side, so the sum is work and not
 * time on the wall. `headers` and `body` are of each row's last attempt.
 */
export type UnitTimes = Readonly<Record<TimePart, number>>;

/** Adds up one unit. */
export class UnitTimer {
  readonly #times: Record<TimePart, number> = { queue: 0, headers: 0, body: 0, hash: 0, write: 0, commit: 0 };

  /** What the fetch stage knows of a row. */
  addRow({ queueMs = 0, headersMs = 0, totalMs = headersMs, hashMs = 0 }: RowResult<unknown>): void {
    this.#times.queue += queueMs;
    this.#times.headers += headersMs;
    this.#times.body += Math.max(0, totalMs - headersMs);
    this.#times.hash += hashMs;
  }

  add(part: TimePart, ms: number): void {
    this.#times[part] += Math.max(0, ms);
  }

  sums(): UnitTimes {
    return { ...this.#times };
  }
}
