/** The interface for sinks that users write. */
import { Writable } from 'node:stream';
import { type Clock, systemClock } from '../../clock.ts';
import { FlowDcError } from '../../errors.ts';
import type { FetchResult, OpenUnit } from '../../record.ts';
import { Semaphore } from '../../structures/semaphore.ts';
import { publish } from '../../telemetry/channels.ts';
import { type CustomSink, type GatheringSink, requireSink } from './custom-sink.ts';
import { type LaneEvents, protocolError, UnitLane } from './unit-lane.ts';

export interface CreateSinkOptions {
  /**
   * Unit errors in a row, without any commit in between, after which the sink itself must be broken: it is destroyed
   * with FDC_ERR_UNIT_FAILED. Unlimited when absent; each single unit is limited by the transport in any case.
   */
  readonly maxUnitErrors?: number | undefined;
  /** For messages. Default: 'sink'. */
  readonly name?: string | undefined;
  readonly clock?: Clock | undefined;
  /** Units that are committed side by side. Default: 2, which suits a disk. */
  readonly commitsAtOnce?: number | undefined;
}

/** Counters since the start; the last four are states of this moment. */
export interface SinkStats {
  readonly unitsCommitted: number;
  /** Thrown unit errors; the same unit may count several times. */
  readonly unitErrors: number;
  /** Given up without a word because the input ended or the unit was taken away. */
  readonly unitsAbandoned: number;
  readonly rowsStored: number;
  readonly rowsFailed: number;
  readonly rowsSkipped: number;
  /** Of stored bodies. */
  readonly bytes: number;
  /** Time in which the stream before this one was held back. */
  readonly writeWaitMs: number;
  readonly openUnits: number;
  readonly pendingWrites: number;
  readonly pendingBytes: number;
  readonly commitsRunning: number;
}

export interface Sink extends Writable {
  stats(): SinkStats;
}

/** Rows that wait for a writer which takes them one by one: enough to keep every open unit's busy. Chosen, untested. */
const MAX_WAITING_ROWS = 64;
/**
 * Bytes that are gathered or being written: a gathered write of every open unit, and as much again. Bodies have a
 * budget of their own besides. Chosen.
 */
const MAX_PENDING_BYTES = 32 * 1024 * 1024;
/** A commit waits for fsync, which blocks one of libuv's 4 threads: half of them stay for the writes of other units. */
const MAX_COMMITS = 2;
/** Units that are written and wait for a commit: more would only pile up dirty pages. Chosen, untested. */
const MAX_WAITING_COMMITS = 4;

/**
 * The last stage: FetchResults in, committed units out. Results of several units arrive interleaved; each unit is
 * written in its own order, commits with its last row, and only then calls `unit.done()`.
 * Errors: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO, FDC_ERR_SINK_PROTOCOL, FDC_ERR_UNIT_FAILED, and FlowDcErrors of `sink`.
 * Anything else that `sink` throws fails the one unit. FDC_ERR_CONFIG_INVALID at construction.
 */
export function createSink(sink: CustomSink | GatheringSink, options: CreateSinkOptions = {}): Sink {
  requireSink(sink);
  return new SinkStream(sink, options);
}

class SinkStream extends Writable implements Sink {
  readonly #sink: CustomSink | GatheringSink;
  readonly #options: CreateSinkOptions;
  readonly #clock: Clock;
  readonly #lanes = new Map<OpenUnit, UnitLane>();
  /** Units that ended here; by object, because the same unit may be delivered again. */
  readonly #ended = new WeakMap<OpenUnit, 'committed' | 'given up'>();
  readonly #commits: Semaphore;
  readonly #counts = {
    unitsCommitted: 0,
    unitErrors: 0,
    unitsAbandoned: 0,
    rowsStored: 0,
    rowsFailed: 0,
    rowsSkipped: 0,
    bytes: 0,
    writeWaitMs: 0,
  };
  #errorsInRow = 0;
  #pendingWrites = 0;
  #waitingRows = 0;
  #pendingBytes = 0;
  /** Continues the stream before us, with the time since when it waits. */
  #held: { readonly resume: () => void; readonly sinceMs: number } | undefined;

  constructor(sink: CustomSink | GatheringSink, options: CreateSinkOptions) {
    super({ objectMode: true, highWaterMark: 1 });
    this.#sink = sink;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#commits = new Semaphore(options.commitsAtOnce ?? MAX_COMMITS);
  }

  stats(): SinkStats {
    const heldMs = this.#held === undefined ? 0 : this.#clock.nowMs() - this.#held.sinceMs;
    return {
      ...this.#counts,
      writeWaitMs: this.#counts.writeWaitMs + heldMs,
      openUnits: this.#lanes.size,
      pendingWrites: this.#pendingWrites,
      pendingBytes: this.#pendingBytes,
      commitsRunning: this.#commits.used,
    };
  }

  override _write(result: FetchResult, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const end = this.#ended.get(result.unit);
    if (end === 'given up') {
      result.release();
      callback();
      return;
    }
    this.#pendingWrites += 1;
    this.#waitingRows += 1;
    this.#pendingBytes += result.bytes;
    try {
      if (end === 'committed') throw protocolError(result);
      this.#lane(result.unit).push(result);
    } catch (error) {
      result.release();
      this.#waitingRows -= 1;
      this.#settled(result);
      callback(error as Error);
      return;
    }
    if (!this.#isFull()) callback();
    else this.#held = { resume: callback, sinceMs: this.#clock.nowMs() };
  }

  override _final(callback: (error?: Error | null) => void): void {
    const lanes = [...this.#lanes.values()];
    Promise.all(lanes.map((lane) => lane.finish()))
      .then(() => ('finish' in this.#sink ? this.#sink.finish?.() : undefined))
      .then(
        () => callback(),
        (error: Error) => callback(error),
      );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const reason = error ?? new Error('the sink was destroyed');
    if ('close' in this.#sink) this.#sink.close?.(reason);
    const lanes = [...this.#lanes.values()];
    Promise.all(lanes.map((lane) => lane.abort(reason))).then(
      () => callback(error),
      (abortError: Error) => callback(error ?? abortError),
    );
  }

  #lane(unit: OpenUnit): UnitLane {
    let lane = this.#lanes.get(unit);
    if (lane === undefined) {
      lane = new UnitLane(unit, this.#sink, this.#commits, this.#options.name ?? 'sink', this.#events(unit));
      this.#lanes.set(unit, lane);
    }
    return lane;
  }

  #events(unit: OpenUnit): LaneEvents {
    return {
      onSettled: (result) => this.#settled(result),
      onHeld: (bytes) => {
        this.#pendingBytes -= bytes;
        if (bytes > 0) this.#resume();
      },
      onTaken: () => {
        this.#waitingRows -= 1;
      },
      onCommitted: (record) => {
        publish('flow-dc:unit-committed', () => ({ record }));
        this.#errorsInRow = 0;
        this.#counts.unitsCommitted += 1;
        this.#counts.rowsStored += record.stored;
        this.#counts.rowsFailed += record.failed;
        this.#counts.rowsSkipped += record.skipped;
        this.#counts.bytes += record.bytes;
        this.#ended.set(unit, 'committed');
      },
      onGivenUp: (unitError) => {
        this.#ended.set(unit, 'given up');
        if (unitError === undefined) this.#counts.unitsAbandoned += 1;
        else this.#unitError(unit, unitError);
      },
      onClosed: () => {
        this.#lanes.delete(unit);
        this.#resume();
      },
      onFatal: (error) => this.destroy(error),
    };
  }

  #unitError(unit: OpenUnit, error: Error): void {
    this.#counts.unitErrors += 1;
    this.#errorsInRow += 1;
    if (this.#errorsInRow < (this.#options.maxUnitErrors ?? Number.POSITIVE_INFINITY)) return;
    const message =
      `${this.#errorsInRow} unit errors in a row, the last one for ${unit.id}: ${error.message}; the sink itself ` +
      'seems to be broken';
    this.destroy(new FlowDcError('FDC_ERR_UNIT_FAILED', message, { cause: error }));
  }

  #settled(result: FetchResult): void {
    this.#pendingWrites -= 1;
    this.#pendingBytes -= result.bytes;
    this.#resume();
  }

  #isFull(): boolean {
    return (
      this.#waitingRows >= MAX_WAITING_ROWS ||
      this.#pendingBytes >= MAX_PENDING_BYTES ||
      this.#commits.waiting >= MAX_WAITING_COMMITS
    );
  }

  #resume(): void {
    const held = this.#held;
    if (held === undefined || this.#isFull()) return;
    this.#held = undefined;
    this.#counts.writeWaitMs += this.#clock.nowMs() - held.sinceMs;
    held.resume();
  }
}
