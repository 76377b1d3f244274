/** A unit between its arrival and its last result: which rows are still out, how to stop them, when it last moved. */
import type { OpenUnit, Unit, UnitRow } from '../../record.ts';
import type { Delivery } from '../../transport/transport.ts';
import type { OneByOne } from './one-by-one.ts';
import type { RowEnd } from './row-end.ts';
import type { FetchTask, Stoppable } from './row-work.ts';

/** What a unit tells the stage that works on it. */
export interface UnitEvents {
  onRow(unit: UnitWork, row: UnitRow, end: RowEnd): void;
  /** The unit is not ours any more: aborted from outside, or given back by the sink. */
  onGone(unit: UnitWork): void;
}

/** A row of a unit, as the engine is asked for it. */
export class RowTask implements FetchTask {
  readonly url: string;
  readonly row: UnitRow;
  /** Other URLs of the same file that may be asked for. */
  mirrors: readonly string[] | undefined;
  attempts = 0;
  isOut = true;
  readonly #unit: UnitWork;
  #flight: Stoppable | undefined;

  get rowNumber(): number {
    return this.row.row;
  }

  constructor(unit: UnitWork, row: UnitRow) {
    this.#unit = unit;
    this.row = row;
    this.url = row.url;
    this.mirrors = row.mirrors;
  }

  isDropped(): boolean {
    return !this.isOut;
  }

  end(end: RowEnd): void {
    this.#unit.finish(this, end);
  }

  onAttempt(flight: Stoppable, attempts: number): void {
    if (!this.isOut) return;
    this.#flight = flight;
    this.attempts = attempts;
    this.#unit.isUntouched = false;
  }

  stop(): void {
    this.#flight?.stop();
  }

  /** The row is done with: what its last request held must not live as long as its unit. */
  settle(): void {
    this.isOut = false;
    this.#flight = undefined;
  }
}

export class UnitWork {
  readonly open: OpenUnit;
  readonly hosts: readonly string[];
  readonly tasks: readonly RowTask[];
  /** When a row last finished, ms; the no-progress clock counts from here. */
  progressMs: number;
  /** No row of it was sent or has ended yet. */
  isUntouched = true;
  /** Of a suspected unit: what begins its rows one after the other. */
  slowly: OneByOne<RowTask> | undefined;
  readonly #events: UnitEvents;
  readonly #forget: () => void;
  readonly #pass: (() => void) | undefined;
  #unfinished: number;

  constructor(delivery: Delivery, rows: readonly UnitRow[], nowMs: number, events: UnitEvents) {
    const { unit, signal } = delivery;
    this.progressMs = nowMs;
    this.#events = events;
    this.#unfinished = rows.length;
    this.#pass = delivery.pass;
    this.hosts = unit.hosts.map(({ host }) => host);
    this.tasks = rows.map((row) => new RowTask(this, row));
    const leave = (): void => {
      this.drop();
      events.onGone(this);
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
    return this.#unfinished;
  }

  finish(task: RowTask, end: RowEnd): void {
    this.#settle(task);
    this.#events.onRow(this, task.row, end);
    if (this.slowly !== undefined) this.#goOnSlowly(this.slowly, task);
  }

  #goOnSlowly(slowly: OneByOne<RowTask>, task: RowTask): void {
    if (this.#unfinished === 0) slowly.leave();
    else slowly.ended(task);
  }

  /** Another thread could begin it in place of this one. */
  get isSpare(): boolean {
    return this.isUntouched && this.#pass !== undefined;
  }

  /** Leave it to another thread of the process. */
  passOn(): void {
    this.drop();
    this.#events.onGone(this);
    this.#pass?.();
  }

  /** Stop everything that is still out and forget it. */
  drop(): void {
    this.#forget();
    this.slowly?.leave();
    for (const task of this.out()) {
      task.stop();
      this.#settle(task);
    }
  }

  /** The rows that are still out. */
  out(): RowTask[] {
    return this.tasks.filter(({ isOut }) => isOut);
  }

  #settle(task: RowTask): void {
    if (!task.isOut) return;
    task.settle();
    this.isUntouched = false;
    this.#unfinished -= 1;
    if (this.#unfinished === 0) this.#forget();
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
