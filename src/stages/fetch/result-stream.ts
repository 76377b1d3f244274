/**
 * The stream side that both fetch stages share: results leave in order of completion, a full consumer stops new
 * requests, and the body budget is given back where the stage's owner says.
 */
import { Duplex } from 'node:stream';
import { guardedClock } from '../../clock.ts';
import { asError } from '../../errors.ts';
import type { HostLimits, HostOrder } from '../../host-limits.ts';
import type { RowResult } from '../../record.ts';
import { Fifo } from '../../structures/fifo.ts';
import { publish } from '../../telemetry/channels.ts';
import { FetchEngine } from './engine.ts';
import type { RowEnd } from './row-end.ts';
import { type ResultClass, rowResultClass } from './row-result.ts';
import type { EngineSettings } from './settings.ts';

/** Results waiting in the stream itself; more wait in the stage with their bytes still on the budget. */
const READABLE_HIGH_WATER = 16;

export interface FetchStats {
  readonly rowsFetched: number;
  readonly rowsFailed: number;
  readonly rowsSkipped: number;
  readonly bytes: number;
  readonly inFlight: number;
  readonly queued: number;
  readonly bodyBytesHeld: number;
  /**
   * Hosts whose queue and limit are kept, origins with a connection pool, names with a known address: bounded, however
   * long the tail.
   */
  readonly hosts: number;
  readonly pools: number;
  readonly names: number;
  /** Origins whose replies no strict parser takes, and which are mended before they are read. */
  readonly mended: number;
}

/** One host while it has rows, as it is at this moment. */
export interface HostLoad {
  readonly host: string;
  readonly inFlight: number;
  /** Requests that its limit allows at once. */
  readonly limit: number;
  /** Rows that wait for it. */
  readonly waiting: number;
  /** It asked for quiet, or its limit sends nothing for now. */
  readonly isPaused: boolean;
  /** Until it may be sent to again; absent where it may now, or where its limit is asked elsewhere. */
  readonly pausedMs?: number | undefined;
  /** Requests per second that its limit allows; absent for any number. */
  readonly allowedPerSecond?: number | undefined;
}

export interface StageHooks {
  readonly limits: HostLimits;
  /** `on-read`: bytes leave the budget as the result leaves the stage. `by-sink`: when `release()` is called. */
  readonly bodyRelease: 'on-read' | 'by-sink';
  /** Told in place of the channel `flow-dc:network`. */
  readonly onNetwork?: ((isHeld: boolean) => void) | undefined;
}

export abstract class ResultStream<Out extends RowResult<unknown>> extends Duplex {
  protected readonly engine: FetchEngine;
  readonly #settings: EngineSettings;
  readonly #release: StageHooks['bodyRelease'];
  readonly #Result: ResultClass;
  readonly #out = new Fifo<Out>();
  /** Pushed into the stream and not read from it yet. */
  readonly #unread = new Set<Out>();
  #canPush = false;
  #finish: (() => void) | undefined;
  #counts = { rowsFetched: 0, rowsFailed: 0, rowsSkipped: 0, bytes: 0 };

  constructor(
    settings: EngineSettings,
    hooks: StageHooks,
    signal: AbortSignal | undefined,
    writableHighWaterMark: number,
  ) {
    super({
      objectMode: true,
      writableHighWaterMark,
      readableHighWaterMark: READABLE_HIGH_WATER,
      signal,
    });
    // Limits and random numbers may be the caller's: what they throw from a timer ends the stage.
    const clock = guardedClock(settings.clock, (error) => this.destroy(asError(error)));
    this.#settings = { ...settings, clock };
    this.#release = hooks.bodyRelease;
    this.#Result = rowResultClass(hooks.bodyRelease);
    this.engine = new FetchEngine(this.#settings, hooks.limits, {
      onHungry: () => this.onHungry(),
      onTransition: (host, transition) =>
        publish('flow-dc:limit', () => ({ host, atMs: settings.clock.nowMs(), transition })),
      onAttempt: (host, code, { headersMs, serviceMs, bytes }) =>
        publish('flow-dc:attempt', () => ({ host, headersMs, serviceMs, bytes, code })),
      onShortage: (message) => publish('flow-dc:shortage', () => ({ message })),
      onNetwork: hooks.onNetwork ?? ((isHeld) => publish('flow-dc:network', () => ({ isHeld }))),
      onFatal: (error) => this.destroy(asError(error)),
    });
  }

  stats(): FetchStats {
    const { scheduler, budget, kept } = this.engine;
    return {
      ...this.#counts,
      ...kept,
      inFlight: scheduler.inFlight,
      queued: scheduler.queued,
      bodyBytesHeld: budget.usedBytes,
    };
  }

  /** Bodies that are not written yet may take so much memory from now on. */
  setBodyMemory(bytes: number): void {
    this.engine.budget.resize(bytes);
  }

  /** So many bytes may wait behind this stage for other rows, and nobody waits for memory because of them. */
  get roomBehind(): number {
    const { capacityBytes, wantedBytes } = this.engine.budget;
    return Math.max(0, Math.min(capacityBytes / 4, capacityBytes - wantedBytes));
  }

  /** @param listener - told when `roomBehind` may be less than it was */
  onShortOfRoom(listener: () => void): void {
    this.engine.budget.onWait = listener;
  }

  /** The hosts with most requests in flight, then with most rows waiting; at most `most`, idle ones left out. */
  busiestHosts(most: number): HostLoad[] {
    const loads = this.hosts();
    return loads.sort((a, b) => b.inFlight - a.inFlight || b.waiting - a.waiting).slice(0, most);
  }

  /** All hosts with rows, in any order. */
  hosts(): HostLoad[] {
    const nowMs = this.#settings.clock.nowMs();
    const loads: HostLoad[] = [];
    for (const { host, gate, queue, delayed, isIdle } of this.engine.scheduler.lanes()) {
      if (isIdle) continue;
      const { permits, pauseUntilMs, spacingMs } = gate.limit;
      loads.push({
        host,
        inFlight: gate.inFlight,
        limit: permits,
        waiting: queue.size + delayed,
        isPaused: pauseUntilMs > nowMs || permits < 1,
        pausedMs: pauseUntilMs > nowMs ? pauseUntilMs - nowMs : undefined,
        allowedPerSecond: spacingMs > 0 ? 1000 / spacingMs : undefined,
      });
    }
    return loads;
  }

  /** Nothing more is sent until that is taken back; what is in flight goes on. */
  keepStill(isStill: boolean): void {
    this.isStill = isStill;
    this.settle();
  }

  /** From now on, of the rows that are not under way; the limit is whose keeps it. */
  setHost(order: HostOrder): void {
    const { skipped, scheduler } = this.engine;
    skipped.note(order);
    scheduler.skip(order.host, skipped.has(order.host));
  }

  protected isStill = false;
  /** Nothing more is sent. */
  protected isWindingDown = false;

  /** Nothing queued can start although there is room: take more input. */
  protected abstract onHungry(): void;
  /** Rows taken in whose results have not been handed to `deliver`. */
  protected abstract get unfinished(): number;
  /** Whether nobody wants this result any more. */
  protected abstract isStale(result: Out): boolean;

  /** A row's result, but for what depends on the kind of stage. */
  protected resultOf<Row>(row: Row, end: RowEnd): RowResult<Row> {
    return new this.#Result(row, end, end.fetchedAtMs ?? this.#settings.clock.wallMs(), this.engine);
  }

  protected deliver(result: Out): void {
    this.#count(result);
    this.#out.push(result);
    this.settle();
  }

  /** Let results out, and end the stream when nothing more will come. Call whenever `unfinished` may have become 0. */
  protected settle(): void {
    while (this.#canPush && this.#out.size > 0) {
      const result = this.#out.shift() as Out;
      if (this.isStale(result)) {
        result.release();
        continue;
      }
      const waiting = this.readableLength;
      this.#unread.add(result);
      this.#canPush = this.push(result);
      // A flowing stream with nothing in it hands over at once, without a read.
      if (this.readableLength <= waiting) this.#onRead(result);
    }
    this.engine.scheduler.hold(this.#out.size > 0 || this.isWindingDown || this.isStill);
    if (this.#finish === undefined || this.#out.size > 0 || this.unfinished > 0) return;
    const finish = this.#finish;
    this.#finish = undefined;
    finish();
  }

  /**
   * Every way out of the stream but the shortcut above leads through here. Typed as Node types it: a stream that told
   * more could not stand in a `pipeline` for the types of Node 25 and later.
   */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  override read(size?: number): any {
    const result = super.read(size) as Out | null;
    if (result !== null) this.#onRead(result);
    return result;
  }

  override _read(): void {
    this.#canPush = true;
    this.settle();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#finish = () => {
      this.push(null);
      done();
    };
    this.settle();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    for (let result = this.#out.shift(); result !== undefined; result = this.#out.shift()) result.release();
    for (const result of this.#unread) result.release();
    this.#unread.clear();
    this.engine.close().then(
      () => done(error),
      (closing: Error) => done(error ?? closing),
    );
  }

  #onRead(result: Out): void {
    this.#unread.delete(result);
    if (this.#release === 'on-read' && Buffer.isBuffer(result.body)) result.release();
  }

  #count(result: Out): void {
    const { host, status, code, bytes } = result;
    publish('flow-dc:row', () => ({ host, status, bytes, code }));
    this.#counts.bytes += bytes;
    if (status === 'fetched') this.#counts.rowsFetched += 1;
    else if (status === 'failed') this.#counts.rowsFailed += 1;
    else this.#counts.rowsSkipped += 1;
  }
}
