/** The fetch stage for anybody's rows: plain objects in, results with the same objects out. */

import { asError, atOnce, FlowDcError, isPromise } from '../../errors.ts';
import type { RowResult } from '../../record.ts';
import { addRow } from './mirrored-task.ts';
import { ResultStream } from './result-stream.ts';
import { unsentEnd } from './row-end.ts';
import type { FetchTask, Stoppable } from './row-work.ts';
import { type EngineSettings, engineSettings, type FetchStageOptions, limitsOf } from './settings.ts';

/** How a row is asked for, where it differs from a plain GET. */
export interface RowRequest {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** `head`: by HEAD. `headers`: by a GET that ends with its headers. Both give `announced` in place of a body. */
  readonly wants?: 'head' | 'headers' | undefined;
}

export interface FetchRowsOptions<Row> extends FetchStageOptions {
  /** Where a row's bytes are; answered at once. */
  readonly url: (row: Row) => string | URL;
  /** What to send with a row's request, answered at once; never sent on to another host by a redirect. */
  readonly request?: ((row: Row) => RowRequest) | undefined;
}

/** Rows taken in ahead of their turn. Enough that a slow host does not hide a fast one behind it. */
const MAX_ROWS_AHEAD = 4096;

/**
 * Fetch whatever `url` finds in each row. Object stream, results in order of completion, exactly one per row.
 * Errors: FDC_ERR_CONFIG_INVALID at construction, and where a function of yours gives a promise; what it throws.
 */
export function fetchRows<Row>(options: FetchRowsOptions<Row>): RowFetcher<Row> {
  return new RowFetcher(options);
}

class RowFetcher<Row> extends ResultStream<RowResult<Row>> {
  readonly #urlOf: FetchRowsOptions<Row>['url'];
  readonly #requestOf: FetchRowsOptions<Row>['request'];
  readonly #maxAhead: number;
  readonly #iiifSize: string | undefined;
  #unfinished = 0;
  #nextWrite: (() => void) | undefined;
  readonly #flights = new Set<Stoppable>();

  constructor(options: FetchRowsOptions<Row>) {
    // The types do not hold for everybody.
    if (typeof (options as typeof options | null | undefined)?.url !== 'function')
      throw new FlowDcError('FDC_ERR_CONFIG_INVALID', 'fetchRows: expected { url: row => string }');
    const { url, request, ...stage } = options;
    const settings: EngineSettings = engineSettings(stage);
    if (settings.requireLabel)
      throw new FlowDcError('FDC_ERR_CONFIG_INVALID', 'fetchRows: your rows have no labels: leave out requireLabel');
    super(
      settings,
      { limits: limitsOf(options, settings), bodyRelease: options.bodyRelease ?? 'on-read' },
      options.signal,
      16,
    );
    this.#urlOf = url;
    this.#iiifSize = settings.iiifSize;
    this.#requestOf = request;
    this.#maxAhead = Math.max(MAX_ROWS_AHEAD, 2 * settings.concurrentDownloads);
  }

  override _write(row: Row, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#nextWrite = done;
    try {
      this.#begin(row);
    } catch (error) {
      this.destroy(asError(error));
    }
  }

  /** Throws what the caller's functions throw, those that make limits among them. */
  #begin(row: Row): void {
    const url: unknown = this.#urlOf(row);
    const request: RowRequest | null | undefined = atOnce(this.#requestOf?.(row), 'fetchRows: request');
    this.#unfinished += 1;
    let flight: Stoppable | undefined;
    const task: FetchTask = {
      url: typeof url === 'string' ? url : url instanceof URL ? url.href : '',
      headers: request?.headers,
      wants: request?.wants,
      isDropped: () => this.destroyed,
      end: (end) => {
        if (flight !== undefined) this.#flights.delete(flight);
        this.#unfinished -= 1;
        this.deliver(this.resultOf(row, end));
        this.#takeMore();
      },
      onAttempt: (next) => {
        if (flight !== undefined) this.#flights.delete(flight);
        flight = next;
        this.#flights.add(next);
      },
    };
    if (isPromise(url))
      task.end(unsentEnd('invalid_url', '`url` gave a promise; it has to give a text at once', '', 0));
    else addRow(task, this.engine, this.#iiifSize);
    this.engine.scheduler.pump();
    this.#takeMore();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    for (const flight of this.#flights) flight.stop();
    this.#flights.clear();
    super._destroy(error, done);
  }

  protected override onHungry(): void {
    this.#takeMore();
  }

  protected override isStale(): boolean {
    return false;
  }

  protected override get unfinished(): number {
    return this.#unfinished;
  }

  #takeMore(): void {
    if (this.#nextWrite === undefined || this.#unfinished >= this.#maxAhead) return;
    const next = this.#nextWrite;
    this.#nextWrite = undefined;
    next();
  }
}
