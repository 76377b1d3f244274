/** A unit between its arrival and its last result: which rows are still out, how to stop them, when it last moved. */
import type { OpenUnit, Unit, UnitRow } from '../../record.ts';
import type { Delivery } from '../../transport/transport.ts';

export class UnitWork {
  readonly open: OpenUnit;
  readonly hosts: readonly string[];
  /** When a row last finished, ms; the no-progress clock counts from here. */
  progressMs: number;
  readonly #unfinished = new Map<UnitRow, (() => void) | undefined>();
  #isDropped = false;

  constructor(delivery: Delivery, rows: readonly UnitRow[], nowMs: number, onGone: (unit: UnitWork) => void) {
    const { unit } = delivery;
    this.progressMs = nowMs;
    this.hosts = unit.hosts.map(({ host }) => host);
    for (const row of rows) this.#unfinished.set(row, undefined);
    this.open = {
      id: unit.id,
      shard: unit.shard,
      rows: rows.length,
      batch: unit.rows,
      attempt: delivery.attempt,
      signal: delivery.signal,
      done: () => delivery.ack(),
      fail: async (error) => {
        this.drop();
        onGone(this);
        await delivery.fail(error);
      },
    };
  }

  get unfinished(): number {
    return this.#unfinished.size;
  }

  isOut(row: UnitRow): boolean {
    return !this.#isDropped && this.#unfinished.has(row);
  }

  onAbortable(row: UnitRow, abort: () => void): void {
    if (this.#unfinished.has(row)) this.#unfinished.set(row, abort);
  }

  finish(row: UnitRow, nowMs: number): void {
    this.#unfinished.delete(row);
    this.progressMs = nowMs;
  }

  /** Stop everything that is still out and forget it. */
  drop(): void {
    this.#isDropped = true;
    this.takeUnfinished();
  }

  /** Stop what is in flight and return the rows that have no result. */
  takeUnfinished(): UnitRow[] {
    const left = [...this.#unfinished];
    this.#unfinished.clear();
    for (const [, abort] of left) abort?.();
    return left.map(([row]) => row);
  }
}

/** A unit that no distributor stands behind: nothing to acknowledge, and nobody who would deliver it again. */
export function undistributed(unit: Unit, signal: AbortSignal, onError: (error: Error) => void): Delivery {
  return {
    unit,
    attempt: 1,
    errors: 0,
    signal,
    ack: async () => {},
    nak: async () => {},
    fail: async (error) => onError(error),
  };
}
