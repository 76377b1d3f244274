/**
 * The distributor's seam: units in, deliveries out, records decided once. The in-process form joins the stages of one
 * process; a networked form lets any number of workers join. test/contract/transport.ts runs against every form.
 *
 * Nothing may be inferred from a queue being empty: a job is done when as many units have a record as were sealed.
 */
import type { Committer, Unit, UnitRecord } from '../record.ts';

/** `running`: all units are published. `sealed`: every one of them has its record. The same words wherever a job is shown. */
export type JobState = 'publishing' | 'running' | 'cancelled' | 'sealed';

/** One unit in the hands of one worker. The transport extends its lease by itself until ack, nak or abort. */
export interface Delivery {
  readonly unit: Unit;
  /** 1 on the first delivery. A hint; correctness rests on the committer alone. */
  readonly attempt: number;
  /**
   * Unit errors counted so far, on any worker. At `max_retries` the caller commits every row as `unit_failed`. Infinity
   * when the unit came back without an error too often: it ends the workers that take it.
   */
  readonly errors: number;
  /** It came back from two that ended with it: its rows are to be tried one after the other. */
  readonly isSuspect?: boolean | undefined;
  /** Aborts when the unit is presumed lost to us, the job is cancelled or the channel is closed. */
  readonly signal: AbortSignal;
  /** Strictly after the commit. Losing an ack is harmless: the next delivery finds the record. */
  ack(): Promise<void>;
  /** Hand back, to be delivered again after `delayMs` (whole milliseconds, default 0). Not counted as an error. */
  nak(delayMs?: number): Promise<void>;
  /** Hand back after a thrown unit error: counted per unit, and always delivered again, with `errors` one higher. */
  fail(error: Error): Promise<void>;
  /** Leave a unit that was not begun to another thread of this process. Absent where there is none. */
  readonly pass?: (() => void) | undefined;
}

export interface JobStatus {
  readonly state: JobState;
  /** Set once sealed. */
  readonly total?: number | undefined;
  readonly published: number;
  readonly committed: number;
  readonly inFlight: number;
  readonly redelivered: number;
}

/** One job's queue and records. */
export interface JobChannel extends Committer, AsyncDisposable {
  /** Idempotent by unit id. Waits while the queue is at its high-water mark: this is the publisher's backpressure. */
  publish(unit: Unit, signal?: AbortSignal): Promise<void>;
  /** No more units will come; `total` is how many there are, with those published in earlier runs. */
  seal(total: number): Promise<void>;
  /**
   * Take one unit, waiting for it. One call, one unit: nothing is fetched ahead, so that a unit is always either in
   * the queue or being worked on. Resolves undefined when the job is sealed and every unit has a record, or cancelled.
   * Units that have a record already are never delivered.
   */
  next(signal?: AbortSignal): Promise<Delivery | undefined>;
  /** Every record there is, in no order. */
  records(): AsyncIterable<UnitRecord>;
  status(): Promise<JobStatus>;
  /** Abort every delivery and refuse new ones; records stay. */
  cancel(reason: string): Promise<void>;
}

/** How a channel deals with a unit that turns out to be decided already: the destination's idempotent roll-forward. */
export type RollForward = (record: UnitRecord) => Promise<void>;

/** The same delivery, to be passed on by nobody; `settle` is handed every settling of it, and is what that waits for. */
export function settledThrough(delivery: Delivery, settle: (settling: Promise<void>) => Promise<void>): Delivery {
  return {
    unit: delivery.unit,
    attempt: delivery.attempt,
    errors: delivery.errors,
    isSuspect: delivery.isSuspect,
    signal: delivery.signal,
    ack: () => settle(delivery.ack()),
    nak: (delayMs) => settle(delivery.nak(delayMs)),
    fail: (error) => settle(delivery.fail(error)),
  };
}
