/** What a sink of your own has to be. */
import { FlowDcError } from '../../errors.ts';
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
  /** The bodies of so many bytes wait for other rows and not for a write; fewer than before when it is negative. */
  onHeld(bytes: number): void;
  /** A write failed: the unit is lost, and `abort` will be called. */
  onError(error: Error): void;
}

/** A sink of gathering writers. */
export interface GatheringSink {
  openGathering(unit: OpenUnit, events: GatheringEvents): Promise<GatheringWriter>;
  /** The input ended and every unit with it: write what is of no unit alone. */
  finish?(): Promise<void>;
  /** The sink ends, also when it is finished: nobody waits for a write any more. */
  close?(error: Error): void;
}

/** Errors: FDC_ERR_CONFIG_INVALID for what is no sink. */
export function requireSink(sink: Partial<CustomSink & GatheringSink> | null | undefined): void {
  if (typeof sink?.open === 'function' || typeof sink?.openGathering === 'function') return;
  throw new FlowDcError('FDC_ERR_CONFIG_INVALID', 'createSink: expected { open: unit => Promise<UnitWriter> }');
}

/** What `open` gave. Errors: FDC_ERR_SINK_PROTOCOL where a method is missing. */
export function checkedWriter<Writer extends object>(
  writer: Writer,
  methods: readonly (keyof Writer & string)[],
): Writer {
  const missing = methods.filter(
    (name) => typeof (writer as Partial<Writer> | null | undefined)?.[name] !== 'function',
  );
  if (missing.length === 0) return writer;
  const message = `open() of the sink: expected { ${methods.join(', ')} }, got a writer without ${missing.join(', ')}`;
  throw new FlowDcError('FDC_ERR_SINK_PROTOCOL', message);
}

const COUNTS = ['stored', 'failed', 'skipped', 'bytes'] as const;

/** What `commit` gave. Errors: FDC_ERR_SINK_PROTOCOL where a count is missing. */
export function checkedRecord(record: UnitRecord): UnitRecord {
  const given: Partial<UnitRecord> | null | undefined = record;
  const wrong = COUNTS.filter((name) => !(Number.isSafeInteger(given?.[name]) && (given?.[name] as number) >= 0));
  if (wrong.length === 0) return record;
  const message = `commit() of the sink: expected a record of the unit with counts, got none for ${wrong.join(', ')}`;
  throw new FlowDcError('FDC_ERR_SINK_PROTOCOL', message);
}
