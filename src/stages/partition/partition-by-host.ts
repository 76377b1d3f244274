/** The stage: batches in, units out. */
import { Transform, type TransformCallback } from 'node:stream';
import type { RecordBatch } from 'apache-arrow';
import { type Clock, systemClock } from '../../clock.ts';
import { stageSettings } from '../../config/stage-settings.ts';
import type { PartitionOptions, PartitionSettings } from '../../config/types.ts';
import { FlowDcError } from '../../errors.ts';
import { HostCensus } from '../../host/host-census.ts';
import { seededRandom } from '../../structures/seeded-random.ts';
import { type Cutting, gatherUnits } from './gather-units.ts';
import { FIRST_WINDOW_ROWS, MAX_WINDOW_ROWS, Window } from './window.ts';

/** Hosts that are remembered from window to window: enough for any window, some 15 MB. */
const MAX_HOSTS = 262_144;
/** Shards of up to so many rows begin with small windows: what jobs of earlier versions had. */
const ROWS_OF_SMALL_SHARDS = 10_000;

/** The partition slice of the configuration, and what only a program can pass. */
export type PartitionByHostOptions = PartitionOptions & {
  /** Close a window when no row came for this long. For live input only: it makes the cut depend on time. */
  readonly lingerMs?: number | undefined;
  /** Told before a window that lingered out is cut: after how many rows of the whole input. */
  readonly onLinger?: (rows: number) => Promise<void>;
  /** What `onLinger` was told in earlier runs over the same input, rising: windows are closed there again. */
  readonly lingeredAt?: readonly number[] | undefined;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Number of the first unit. Default: 0. */
  readonly firstUnit?: number | undefined;
  /** Numbers of units, one for each in turn, in place of those from `firstUnit` on. */
  readonly nextUnit?: (() => number) | undefined;
};

/** What went through so far. */
export interface PartitionStats {
  readonly rows: number;
  readonly units: number;
  readonly windows: number;
}

/**
 * Group a manifest's rows by host (or registrable domain) into units of at most `shardSize` rows, each of which becomes
 * one shard. A Transform of RecordBatch (from the manifest reader) to Unit. Holds one window of rows, at most 64 MiB or
 * 262,144 of them. With `mix`, the rows of a window are dealt out to its units at random instead. Without `lingerMs` the same rows give the same units, however they are cut into batches.
 * FDC_ERR_CONFIG_INVALID for a wrong option; FDC_ERR_SINK_PROTOCOL, on the stream, for batches that the reader did not
 * make.
 */
export function partitionByHost(options: PartitionByHostOptions = {}): HostPartitioner {
  const { lingerMs, onLinger, lingeredAt, clock, signal, firstUnit = 0, nextUnit, ...slice } = options;
  if (lingerMs !== undefined && !(lingerMs >= 0)) {
    throw new FlowDcError(
      'FDC_ERR_CONFIG_INVALID',
      `partition options: lingerMs: expected a number of at least 0, got ${lingerMs}`,
    );
  }
  return new HostPartitioner(stageSettings('partition', slice), {
    lingerMs,
    onLinger,
    lingeredAt: lingeredAt ?? [],
    clock: clock ?? systemClock,
    signal,
    firstUnit,
    nextUnit,
  });
}

interface Surroundings {
  readonly lingerMs: number | undefined;
  readonly onLinger: ((rows: number) => Promise<void>) | undefined;
  readonly lingeredAt: readonly number[];
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly firstUnit: number;
  readonly nextUnit: (() => number) | undefined;
}

/** See partitionByHost, which makes it. */
export class HostPartitioner extends Transform {
  readonly #cutting: Cutting;
  readonly #groupBy: PartitionSettings['groupBy'];
  readonly #lingerMs: number | undefined;
  readonly #onLinger: ((rows: number) => Promise<void>) | undefined;
  /** Rows after which a window has to end because it did so before; next one last. */
  readonly #oldEnds: number[];
  readonly #clock: Clock;
  readonly #nextUnit: () => number;
  #hosts = new HostCensus();
  #window: Window;
  #stats = { rows: 0, units: 0, windows: 0 };
  #cancelLinger: (() => void) | undefined;
  /** Settles when the units of a window that lingered out are pushed. */
  #lingered: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  constructor(
    { shardSize, groupBy, mix, mixSeed }: PartitionSettings,
    { lingerMs, onLinger, lingeredAt, clock, signal, firstUnit, nextUnit }: Surroundings,
  ) {
    super({
      readableObjectMode: true,
      writableObjectMode: true,
      readableHighWaterMark: 1,
      writableHighWaterMark: 1,
      signal,
    });
    this.#cutting = { shardSize, random: mix ? seededRandom(mixSeed) : undefined };
    this.#groupBy = groupBy;
    this.#lingerMs = lingerMs;
    this.#onLinger = onLinger;
    this.#oldEnds = [...lingeredAt].reverse();
    this.#clock = clock;
    this.#nextUnit = nextUnit ?? (() => firstUnit + this.#stats.units);
    // Large shards need large windows from the first one on, and so does mixing.
    const firstRows = mix || shardSize > ROWS_OF_SMALL_SHARDS ? MAX_WINDOW_ROWS : FIRST_WINDOW_ROWS;
    this.#window = new Window(firstRows, this.#hosts, groupBy);
  }

  stats(): PartitionStats {
    return { ...this.#stats };
  }

  override _transform(batch: RecordBatch, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#accept(batch).then(() => callback(), callback);
  }

  override _flush(callback: TransformCallback): void {
    this.#stopLinger();
    this.#flush().then(() => callback(), callback);
  }

  override _read(size: number): void {
    const wake = this.#wake;
    this.#wake = undefined;
    if (wake === undefined) super._read(size);
    else wake();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#stopLinger();
    this.#wake?.();
    callback(error);
  }

  async #accept(batch: RecordBatch): Promise<void> {
    this.#stopLinger();
    await this.#lingered;
    let from = 0;
    while (from < batch.numRows && !this.destroyed) {
      const oldEnd = this.#oldEnds.at(-1) ?? Number.POSITIVE_INFINITY;
      const to = this.#window.add(batch, from, Math.min(batch.numRows, from + oldEnd - this.#stats.rows));
      this.#stats.rows += to - from;
      from = to;
      if (this.#stats.rows === oldEnd) this.#oldEnds.pop();
      if (from < batch.numRows || this.#window.isFull() || this.#stats.rows === oldEnd) await this.#closeWindow();
    }
    this.#startLinger();
  }

  async #flush(): Promise<void> {
    await this.#lingered;
    await this.#closeWindow();
  }

  async #closeWindow(): Promise<void> {
    const window = this.#window;
    if (window.rows === 0) return;
    if (this.#hosts.hosts > MAX_HOSTS) this.#hosts = new HostCensus();
    this.#window = new Window(Math.min(window.maxRows * 2, MAX_WINDOW_ROWS), this.#hosts, this.#groupBy);
    this.#stats.windows++;
    for await (const unit of gatherUnits(window, this.#cutting, this.#nextUnit)) {
      this.#stats.units++;
      if (!this.push(unit)) await this.#demand();
      if (this.destroyed) return;
    }
  }

  #demand(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #startLinger(): void {
    if (this.#lingerMs === undefined || this.#window.rows === 0 || this.destroyed) return;
    this.#cancelLinger = this.#clock.timer(this.#lingerMs, () => {
      this.#lingered = this.#lingerOut().catch((error: Error) => {
        this.destroy(error);
      });
    });
  }

  async #lingerOut(): Promise<void> {
    await this.#onLinger?.(this.#stats.rows);
    await this.#closeWindow();
  }

  #stopLinger(): void {
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
  }
}
