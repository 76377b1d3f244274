/** One open unit's way through the sink: open, write row by row, commit, done. */
import { fatalDestinationError } from '../../destination/destination.ts';
import { asError, FlowDcError, isFlowDcError } from '../../errors.ts';
import type { FetchResult, OpenUnit, UnitRecord } from '../../record.ts';
import type { Semaphore } from '../../structures/semaphore.ts';
import {
  type CustomSink,
  checkedRecord,
  checkedWriter,
  type GatheringEvents,
  type GatheringSink,
  type GatheringWriter,
  type UnitWriter,
} from './custom-sink.ts';

/** What a lane tells the stream it belongs to. */
export interface LaneEvents {
  /** Called once per pushed result, after its body was released. */
  onSettled(result: FetchResult): void;
  /** See GatheringEvents. */
  onHeld(bytes: number): void;
  /** A result left the line of those that wait for their turn. */
  onTaken(): void;
  onCommitted(record: UnitRecord): void;
  /** The unit will not be committed by us; without an error when it was taken away or the input ended. */
  onGivenUp(unitError: Error | undefined): void;
  onClosed(): void;
  /** The whole sink has to stop. */
  onFatal(error: Error): void;
}

/**
 * One open unit's way through the sink: open, write row by row, commit, done. Everything that waits happens in one
 * chain of awaits, so a writer never sees two calls at once, and nothing is left behind whichever way it ends. A
 * gathering writer is handed its rows as they come, without any waiting.
 */
export class UnitLane implements GatheringEvents {
  readonly #unit: OpenUnit;
  readonly #sink: CustomSink | GatheringSink;
  readonly #commits: Semaphore;
  readonly #name: string;
  readonly #events: LaneEvents;
  readonly #queue: FetchResult[] = [];
  /** With a gathering writer, and not settled yet. */
  readonly #taken = new Set<FetchResult>();
  readonly #seen: Uint8Array;
  #writer: UnitWriter | undefined;
  #gatherer: GatheringWriter | undefined;
  #pushed = 0;
  #written = 0;
  #running: Promise<void> | undefined;
  /** Why the unit ends early; set once. */
  #stop: { readonly reason: Error; readonly quiet: boolean } | undefined;
  #closed = false;

  constructor(unit: OpenUnit, sink: CustomSink | GatheringSink, commits: Semaphore, name: string, events: LaneEvents) {
    this.#unit = unit;
    this.#sink = sink;
    this.#commits = commits;
    this.#name = name;
    this.#events = events;
    this.#seen = new Uint8Array(unit.rows);
    unit.signal.addEventListener('abort', this.#onAbort, { once: true });
    if (unit.signal.aborted) this.#onAbort();
  }

  /** Errors: FDC_ERR_SINK_PROTOCOL for more results than the unit has rows; the result is then still the caller's. */
  push(result: FetchResult): void {
    if (this.#pushed === this.#unit.rows) throw protocolError(result);
    this.#pushed += 1;
    if (this.#closed) {
      this.#events.onTaken();
      this.#settle(result);
      return;
    }
    if (this.#gatherer !== undefined && this.#running === undefined && this.#stop === undefined) {
      this.#events.onTaken();
      this.#take(this.#gatherer, result);
      if (this.#stop !== undefined || this.#written === this.#unit.rows) this.#start();
      return;
    }
    this.#queue.push(result);
    this.#start();
  }

  /** The input ended: wait for the commit; a unit that can no longer become complete is put aside, or dropped. */
  async finish(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    const writer = this.#gatherer;
    if (writer?.keep !== undefined && this.#stop === undefined && this.#written > 0) {
      this.#running = this.#keep(writer).finally(() => {
        this.#running = undefined;
      });
      await this.#running;
    }
    await this.abort(new Error('the input ended before the unit was complete'));
  }

  /** Stop after the call under way, drop what was written, release every body. Idempotent. */
  async abort(reason: Error): Promise<void> {
    this.#stop ??= { reason, quiet: true };
    this.#start();
    while (this.#running !== undefined) await this.#running;
  }

  readonly #onAbort = (): void => {
    this.#stop ??= { reason: asError(this.#unit.signal.reason), quiet: true };
    this.#start();
  };

  #start(): void {
    if (this.#closed) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // Results and aborts that came in while the last turn was ending.
      if (!this.#closed && (this.#queue.length > 0 || this.#stop !== undefined)) this.#start();
    });
  }

  async #run(): Promise<void> {
    try {
      await this.#writeQueue();
      if (this.#stop === undefined && this.#written === this.#unit.rows) await this.#commit();
    } catch (error) {
      this.#stop ??= { reason: asError(error), quiet: false };
    }
    if (this.#stop !== undefined && !this.#closed) await this.#giveUp(this.#stop);
  }

  async #writeQueue(): Promise<void> {
    if (this.#stop === undefined) await this.#open();
    while (this.#stop === undefined) {
      const result = this.#queue.shift();
      if (result === undefined) return;
      this.#events.onTaken();
      if (this.#gatherer !== undefined) {
        this.#take(this.#gatherer, result);
        continue;
      }
      try {
        this.#checkRow(result.row.index);
        await (this.#writer as UnitWriter).write(result);
        this.#written += 1;
      } finally {
        this.#settle(result);
      }
    }
  }

  async #open(): Promise<void> {
    if (this.#writer !== undefined || this.#gatherer !== undefined) return;
    if ('openGathering' in this.#sink) this.#gatherer = await this.#sink.openGathering(this.#unit, this);
    else this.#writer = checkedWriter(await this.#sink.open(this.#unit), ['write', 'commit', 'abort']);
  }

  #take(gatherer: GatheringWriter, result: FetchResult): void {
    this.#taken.add(result);
    try {
      this.#checkRow(result.row.index);
      gatherer.take(result);
      this.#written += 1;
    } catch (error) {
      this.onSettled([result]);
      this.onError(asError(error));
    }
  }

  onSettled(results: readonly FetchResult[]): void {
    for (const result of results) if (this.#taken.delete(result)) this.#settle(result);
  }

  onHeld(bytes: number): void {
    this.#events.onHeld(bytes);
  }

  onError(error: Error): void {
    this.#stop ??= { reason: error, quiet: false };
    this.#start();
  }

  async #commit(): Promise<void> {
    const said = await this.#commits.run(() => {
      if (this.#stop !== undefined) throw this.#stop.reason;
      return (this.#writer ?? (this.#gatherer as GatheringWriter)).commit();
    });
    this.#writer = undefined;
    this.#gatherer = undefined;
    const record = checkedRecord(said);
    this.onSettled([...this.#taken]);
    this.#close();
    this.#events.onCommitted(record);
    // Losing the acknowledgement is harmless by contract, so its failure is not the sink's.
    await this.#unit.done().catch(() => {});
    this.#events.onClosed();
  }

  async #keep(writer: GatheringWriter): Promise<void> {
    try {
      await this.#commits.run(async () => writer.keep?.());
    } catch (error) {
      // The rows are fetched again, as those of a run that was killed.
      this.#stop ??= { reason: asError(error), quiet: true };
      return;
    }
    this.#gatherer = undefined;
    this.onSettled([...this.#taken]);
    this.#close();
    this.#events.onGivenUp(undefined);
    this.#events.onClosed();
  }

  async #giveUp({ reason, quiet }: { readonly reason: Error; readonly quiet: boolean }): Promise<void> {
    this.#close();
    for (const result of this.#queue.splice(0)) {
      this.#events.onTaken();
      this.#settle(result);
    }
    const writer = this.#writer ?? this.#gatherer;
    this.#writer = undefined;
    this.#gatherer = undefined;
    const abortError = await abortOf(writer, reason);
    const fatal =
      this.#fatal(reason, quiet) ??
      (abortError === undefined ? undefined : fatalDestinationError(abortError, this.#name));
    this.#events.onGivenUp(quiet || fatal !== undefined ? undefined : reason);
    if (fatal !== undefined) this.#events.onFatal(fatal);
    else if (!quiet) await this.#unit.fail(reason).catch((error: Error) => this.#events.onFatal(error));
    this.#events.onClosed();
  }

  #fatal(reason: Error, quiet: boolean): Error | undefined {
    if (quiet || (isFlowDcError(reason) && reason.code === 'FDC_ERR_UNIT_FAILED')) return undefined;
    return fatalDestinationError(reason, this.#name);
  }

  #close(): void {
    this.#closed = true;
    this.#unit.signal.removeEventListener('abort', this.#onAbort);
  }

  #settle(result: FetchResult): void {
    result.release();
    this.#events.onSettled(result);
  }

  #checkRow(index: number): void {
    const { id, rows } = this.#unit;
    if (!Number.isInteger(index) || index < 0 || index >= rows) {
      throw new FlowDcError('FDC_ERR_SINK_PROTOCOL', `unit ${id}: expected a row index below ${rows}, got ${index}`);
    }
    if (this.#seen[index] === 1) throw new FlowDcError('FDC_ERR_SINK_PROTOCOL', `unit ${id}: row ${index} came twice`);
    this.#seen[index] = 1;
  }
}

/** Abort the writer, if there is one. @returns what that failed with */
async function abortOf(writer: Pick<UnitWriter, 'abort'> | undefined, reason: Error): Promise<Error | undefined> {
  try {
    await writer?.abort(reason);
    return undefined;
  } catch (error) {
    return asError(error);
  }
}

/** More results than the unit has rows. */
export function protocolError({ unit, row }: FetchResult): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_SINK_PROTOCOL',
    `unit ${unit.id}: expected ${unit.rows} results, got row ${row.row} after them`,
  );
}
