/** What a sink of your own has to be. */
import type { FetchResult, OpenUnit, UnitRecord } from '../../record.ts';

/**
 * Where results go, written by the user of the library. Delivery is at least once: after a crash or an error the same
 * unit comes again, from its first row, so `commit` must be idempotent by `unit.id`.
 */
export interface CustomSink {
  /** Begin a unit. A unit that was begun before and not committed starts over. */
  open(unit: OpenUnit): Promise<UnitWriter>;
}

/** One attempt at one unit. Calls never overlap, except that different units are written side by side. */
export interface UnitWriter {
  /**
   * Take one row, stored or not. Resolve once the body's bytes are no longer needed: the promise is the backpressure,
   * and the memory is given back then.
   */
  write(result: FetchResult): Promise<void>;
  /** All rows were written: make them durable and visible, and say what was stored. */
  commit(): Promise<UnitRecord>;
  /** Drop what was written. Not called after a commit that succeeded. */
  abort(error: Error): Promise<void>;
}

/**
 * A writer that gathers rows: it takes them at once, without a promise for each, and says when their bytes are written.
 * What the sinks of this package are made of.
 */
export interface GatheringWriter extends Pick<UnitWriter, 'commit' | 'abort'> {
  /** Take one row, stored or not. Its body is the writer's until it is settled. */
  take(result: FetchResult): void;
  /** The input ended in the middle of the unit: put aside what was taken, for a run that goes on. Ends the writer. */
  keep?(): Promise<void>;
}

/** What a gathering writer tells while it writes. */
export interface GatheringEvents {
  /** These rows are done with, written or not; each exactly once. */
  onSettled(results: readonly FetchResult[]): void;
  /** A write failed: the unit is lost, and `abort` will be called. */
  onError(error: Error): void;
}

/** A sink of gathering writers. */
export interface GatheringSink {
  openGathering(unit: OpenUnit, events: GatheringEvents): Promise<GatheringWriter>;
}
