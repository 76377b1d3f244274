/** A unit between its arrival and its last result: which rows are still out, how to stop them, when it last moved. */
import type { OpenUnit, Unit, UnitRow } from '../../record.ts';
import type { Delivery } from '../../transport/transport.ts';

interface RowState {
  abort?: () => void;
  attempts: number;
}

export class UnitWork {
  readonly open: OpenUnit;
  readonly hosts: readonly string[];
  /** When a row last finished, ms; the no-progress clock counts from here. */
  progressMs: number;
  readonly #unfinished = new Map<UnitRow, RowState>();
  readonly #forget: () => void;

  /** @param onGone - the unit is not ours any more: aborted from outside, or given back by the sink */
  constructor(delivery: Delivery, rows: readonly UnitRow[], nowMs: number, onGone: (unit: UnitWork) => void) {
    const { unit, signal } = delivery;
    this.progressMs = nowMs;
    this.hosts = unit.hosts.map(({ host }) => host);
    for (const row of rows) this.#unfinished.set(row, { attempts: 0 });
    const leave = (): void => {
      this.drop();
      onGone(this);
    };
    signal.addEventListener('abort', leave, { once: true });
    // The signal may live as long as the stage, and would keep every unit that ever was.
    this.#forget = () => signal.removeEventListener('abort', leave);
    this.open = {
      id: unit.id,
      shard: unit.shard,
      rows: rows.length,
      batch: unit.rows,
      attempt: delivery.attempt,
      signal,
      done: () => delivery.ack(),
      fail: (error) => {
        leave();
        return delivery.fail(error);
      },
    };
  }

  get unfinished(): number {
    return this.#unfinished.size;
  }

  isOut(row: UnitRow): boolean {
    return this.#unfinished.has(row);
  }

  onAbortable(row: UnitRow, abort: () => void, attempts: number): void {
    if (this.#unfinished.has(row)) this.#unfinished.set(row, { abort, attempts });
  }

  finish(row: UnitRow, nowMs: number): void {
    this.#unfinished.delete(row);
    if (this.#unfinished.size === 0) this.#forget();
    this.progressMs = nowMs;
  }

  /** Stop everything that is still out and forget it. */
  drop(): void {
    this.#forget();
    for (const { abort } of this.stop()) abort?.();
    this.#unfinished.clear();
  }

  /** The rows that are still out, with what stops them and how often they were tried. */
  stop(): { row: UnitRow; abort?: () => void; attempts: number }[] {
    return [...this.#unfinished].map(([row, state]) => ({ row, ...state }));
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
