/**
 * The stream side that both fetch stages share: results leave in order of completion, a full consumer stops new requests,
 * and the body budget is given back where the stage's owner says.
 */
import { Duplex } from 'node:stream';
import type { HostRule } from '../../config/types.ts';
import type { Limit } from '../../paarc/limit.ts';
import type { RowResult, SpilledBody } from '../../record.ts';
import { publish } from '../../telemetry/channels.ts';
import { FetchEngine, type RowEnd } from './engine.ts';
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
}

export interface StageHooks {
  readonly createLimit: (host: string, rule: HostRule) => Limit;
  /** `on-read`: bytes leave the budget as the result leaves the stage. `by-sink`: when `release()` is called. */
  readonly bodyRelease: 'on-read' | 'by-sink';
}

export abstract class ResultStream<Out extends RowResult<unknown>> extends Duplex {
  protected readonly engine: FetchEngine;
  readonly #settings: EngineSettings;
  readonly #release: StageHooks['bodyRelease'];
  readonly #out: Out[] = [];
  #canPush = false;
  #isFinishing: (() => void) | undefined;
  #counts = { rowsFetched: 0, rowsFailed: 0, rowsSkipped: 0, bytes: 0 };

  constructor(settings: EngineSettings, hooks: StageHooks, signal: AbortSignal | undefined, writableHighWaterMark: number) {
    super({ objectMode: true, writableHighWaterMark, readableHighWaterMark: READABLE_HIGH_WATER, ...(signal === undefined ? {} : { signal }) });
    this.#settings = settings;
    this.#release = hooks.bodyRelease;
    this.engine = new FetchEngine(settings, hooks.createLimit, {
      onHungry: () => this.onHungry(),
      onTransition: (host, transition) => publish('flow-dc:limit', () => ({ host, atMs: settings.clock.nowMs(), transition })),
      onAttempt: (host, code, { headersMs, serviceMs, bytes }) =>
        publish('flow-dc:attempt', () => ({ host, headersMs, serviceMs, bytes, ...(code === undefined ? {} : { code }) })),
      onNetwork: (isHeld) => publish('flow-dc:network', () => ({ isHeld })),
      onFatal: (error) => this.destroy(error),
    });
  }

  stats(): FetchStats {
    const { scheduler, budget } = this.engine;
    return { ...this.#counts, inFlight: scheduler.inFlight, queued: scheduler.queued, bodyBytesHeld: budget.usedBytes };
  }

  /** Nothing queued can start although there is room: take more input. */
  protected abstract onHungry(): void;
  /** Rows taken in whose results have not been handed to `deliver`. */
  protected abstract get unfinished(): number;

  /** The fields of a result that do not depend on the kind of stage. */
  protected resultOf<Row>(row: Row, end: RowEnd): RowResult<Row> {
    const { accepted, timing, reservedBytes, ...rest } = end;
    const body = accepted?.body;
    return {
      row,
      ...rest,
      ...(accepted ?? { bytes: 0 }),
      ...(timing === undefined ? {} : { headersMs: timing.headersMs, totalMs: timing.serviceMs }),
      fetchedAtMs: this.#settings.clock.wallMs(),
      release: this.#releaser(body, reservedBytes),
    };
  }

  protected deliver(result: Out): void {
    this.#count(result);
    this.#out.push(result);
    this.#flow();
  }

  override _read(): void {
    this.#canPush = true;
    this.#flow();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#isFinishing = () => {
      this.push(null);
      done();
    };
    this.#flow();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    for (const result of this.#out.splice(0)) result.release();
    this.engine.close().then(
      () => done(error),
      (closing: Error) => done(error ?? closing),
    );
  }

  #flow(): void {
    while (this.#canPush && this.#out.length > 0) {
      const result = this.#out.shift() as Out;
      if (this.#release === 'on-read' && Buffer.isBuffer(result.body)) result.release();
      this.#canPush = this.push(result);
    }
    this.engine.scheduler.hold(this.#out.length > 0);
    if (this.#isFinishing === undefined || this.#out.length > 0 || this.unfinished > 0) return;
    const finish = this.#isFinishing;
    this.#isFinishing = undefined;
    finish();
  }

  #releaser(body: Buffer | SpilledBody | undefined, reservedBytes: number): () => void {
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      this.engine.budget.give(reservedBytes);
      if (body !== undefined && !Buffer.isBuffer(body)) this.#settings.removeSpilled(body.path);
    };
  }

  #count(result: Out): void {
    const { host, status, code, bytes } = result;
    publish('flow-dc:row', () => ({ host, status, bytes, ...(code === undefined ? {} : { code }) }));
    this.#counts.bytes += bytes;
    if (status === 'fetched') this.#counts.rowsFetched += 1;
    else if (status === 'failed') this.#counts.rowsFailed += 1;
    else this.#counts.rowsSkipped += 1;
  }
}
