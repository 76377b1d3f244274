/** The fetch stage of a job: units in, one result per row out. */
import { setMaxListeners } from 'node:events';
import { guardedClock } from '../../clock.ts';
import { isKept, openKept, type RowsBack } from '../../dataset/kept-units.ts';
import { asError, FlowDcError } from '../../errors.ts';
import { hostOf } from '../../host/host.ts';
import type { FetchResult, OpenUnit, Unit, UnitRow } from '../../record.ts';
import { publish } from '../../telemetry/channels.ts';
import type { Delivery } from '../../transport/transport.ts';
import { decodeRows } from '../../unit-rows.ts';
import { type AvoidedRows, beginRows } from './begin-rows.ts';
import { endKeptRows } from './kept-rows.ts';
import { addRow } from './mirrored-task.ts';
import { PictureSamples } from './picture-samples.ts';
import { ResultStream } from './result-stream.ts';
import { type RowEnd, unsentEnd } from './row-end.ts';
import { unitResult } from './row-result.ts';
import {
  type EngineSettings,
  engineSettings,
  type FetchStageOptions,
  type KeptUnitsOptions,
  limitsOf,
} from './settings.ts';
import { type UnitEvents, UnitWork, undistributed } from './unit-work.ts';

/** How often a stage that winds down looks whether anything is still in flight. */
const WIND_DOWN_LOOK_MS = 20;
/** How often open units are checked against their no-progress clock. */
const PROGRESS_CHECK_MS = 1000;

/**
 * Fetch the rows of units (or of deliveries, whose lease and acknowledgement then follow the results).
 * Object stream: `Unit | Delivery` in, `FetchResult` out in order of completion, exactly one per row of every unit that
 * stays ours. A row's failure is a result; a failing disk destroys the stage.
 * Errors: FDC_ERR_CONFIG_INVALID at construction; FDC_ERR_UNIT_FAILED when a sink gives back a unit that nobody
 * redelivers.
 */
export function fetchUnits(options: FetchStageOptions = {}): UnitFetcher {
  return new UnitFetcher(options);
}

class UnitFetcher extends ResultStream<FetchResult> {
  readonly #settings: EngineSettings;
  readonly #avoided: AvoidedRows;
  readonly #pictures: PictureSamples;
  readonly #open = new Set<UnitWork>();
  readonly #events: UnitEvents = {
    onRow: (work, row, end) => this.#endRow(work, row, end),
    onGone: (work) => this.#close(work),
  };
  readonly #gone = new WeakSet<OpenUnit>();
  readonly #lifetime = new AbortController();
  readonly #kept: KeptUnitsOptions | undefined;
  /** Units of which rows are still being read back. */
  readonly #reading = new Set<UnitWork>();
  #nextWrite: (() => void) | undefined;
  #cancelCheck: (() => void) | undefined;

  constructor(options: FetchStageOptions) {
    const settings = engineSettings(options);
    super(
      settings,
      {
        limits: limitsOf(options, settings),
        bodyRelease: options.bodyRelease ?? 'on-read',
        onNetwork: options.onNetwork,
      },
      options.signal,
      1,
    );
    this.#settings = { ...settings, clock: guardedClock(settings.clock, (error) => this.destroy(asError(error))) };
    this.#kept = options.kept;
    this.#pictures = new PictureSamples(settings.clock);
    this.#avoided = { poison: options.poison, removed: options.removed, needsLabel: settings.requireLabel };
    // Every open unit listens to it, and so does its sink: many listeners are no leak here.
    setMaxListeners(0, this.#lifetime.signal);
  }

  /** Units with rows that have no result yet. */
  get openUnits(): number {
    return this.#open.size;
  }

  /** Units that were taken and not begun, which another thread of this process could have. */
  get spareUnits(): number {
    let spare = 0;
    for (const work of this.#open) if (work.isSpare) spare += 1;
    return spare;
  }

  /** Leave so many of them to other threads, those that would be begun last. */
  passOn(units: number): void {
    const spare = [...this.#open].filter(({ isSpare }) => isSpare);
    for (const work of spare.slice(Math.max(0, spare.length - units))) work.passOn();
  }

  /**
   * Nothing more is sent: what is in flight gets `graceMs` to end, rows that earlier runs kept are handed on, and then
   * the stage ends, whatever its units still lack. Without `kept` nothing happens: the open units are fetched to
   * their ends.
   */
  windDown(): void {
    if (this.#kept === undefined || this.isWindingDown || this.destroyed) return;
    this.isWindingDown = true;
    const { clock } = this.#settings;
    const endMs = clock.nowMs() + this.#kept.graceMs;
    const look = (): void => {
      if (this.destroyed) return;
      const isOver = clock.nowMs() >= endMs || this.engine.scheduler.inFlight === 0;
      if (!isOver || this.#reading.size > 0) return void clock.timer(WIND_DOWN_LOOK_MS, look);
      for (const work of this.#open) work.drop();
      this.#open.clear();
      this.settle();
    };
    look();
    // No other unit is taken, and whoever waits to give one may end.
    this.#nextWrite?.();
    this.#nextWrite = undefined;
    this.settle();
  }

  override _write(chunk: Unit | Delivery, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.isWindingDown) return done();
    const delivery =
      'unit' in chunk ? chunk : undistributed(chunk, this.#lifetime.signal, (error) => this.#giveUp(chunk, error));
    const begun = (kept?: RowsBack): void => {
      if (this.isWindingDown) return done();
      try {
        this.#begin(delivery, kept);
        this.#nextWrite = done;
        this.engine.scheduler.pump();
      } catch (error) {
        this.destroy(asError(error));
      }
    };
    const { id } = delivery.unit;
    if (this.#kept === undefined || !isKept(this.#kept.folder, id)) begun();
    else openKept(this.#kept.folder, id).then(begun, () => begun());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#cancelCheck?.();
    for (const work of this.#open) work.drop();
    this.#open.clear();
    // Units whose results have all been handed on are the sink's now: an ordinary end must not take them away.
    if (error !== null || !this.readableEnded)
      this.#lifetime.abort(error ?? new Error('the fetch stage was destroyed'));
    super._destroy(error, done);
  }

  /** Another unit is taken only when no row of the open ones can use the room that there is. */
  protected override onHungry(): void {
    if (this.#nextWrite === undefined || this.#open.size >= this.#settings.openUnits) return;
    const next = this.#nextWrite;
    this.#nextWrite = undefined;
    next();
  }

  protected override get unfinished(): number {
    return this.#open.size;
  }

  /** Results of a unit that is not ours any more would be written for nothing. */
  protected override isStale({ unit }: FetchResult): boolean {
    return unit.signal.aborted || this.#gone.has(unit);
  }

  #begin(delivery: Delivery, kept: RowsBack | undefined): void {
    if (delivery.signal.aborted) return;
    const rows = decodeRows(delivery.unit);
    const work = new UnitWork(delivery, rows, this.#settings.clock.nowMs(), this.#events);
    publish('flow-dc:unit-open', () => ({ unit: delivery.unit.id, rows: rows.length, attempt: delivery.attempt }));
    if (rows.length === 0) return;
    this.#open.add(work);
    if (delivery.errors >= this.#settings.maxUnitErrors) {
      const tries = Number.isFinite(delivery.errors)
        ? `after ${delivery.errors} errors`
        : 'after too many workers ended with it';
      return this.#endAll(work, 'unit_failed', `given up ${tries}`);
    }
    this.#cancelCheck ??= this.#checkLater();
    const tasks = kept === undefined ? work.tasks : work.tasks.filter(({ row }) => !kept.rows.has(row.index));
    beginRows(work, tasks, delivery.isSuspect === true, this.#avoided, (task) =>
      addRow(task, this.engine, this.#settings.iiifSize),
    );
    if (kept !== undefined) this.#readBack(work, kept);
  }

  /** Rows that were fetched before end as they did then; those whose bytes are not to be had are fetched again. */
  #readBack(work: UnitWork, kept: RowsBack): void {
    this.#reading.add(work);
    work.isUntouched = false;
    endKeptRows(work, kept, this.engine.budget)
      .then((lost) => {
        beginRows(work, lost, false, this.#avoided, (task) => addRow(task, this.engine, this.#settings.iiifSize));
      })
      .catch((error: Error) => this.destroy(error))
      .finally(() => {
        this.#reading.delete(work);
        this.engine.scheduler.pump();
      });
  }

  #endRow(work: UnitWork, row: UnitRow, end: RowEnd): void {
    work.progressMs = this.#settings.clock.nowMs();
    if (work.unfinished === 0) this.#open.delete(work);
    const { code } = end;
    if (code !== undefined) publish('flow-dc:missed', () => ({ code, url: row.url }));
    const result = unitResult(this.resultOf(row, end), work.open);
    this.#pictures.note(result);
    this.deliver(result);
    if (work.unfinished === 0) this.engine.scheduler.pump();
  }

  #endAll(work: UnitWork, code: 'unit_failed' | 'unit_deadline', message: string): void {
    const host = work.hosts.length === 1 ? (work.hosts[0] as string) : undefined;
    for (const task of work.out()) {
      task.stop();
      task.end(unsentEnd(code, message, host ?? hostOf(task.url), task.attempts));
    }
  }

  #close(work: UnitWork): void {
    this.#gone.add(work.open);
    if (!this.#open.delete(work)) return;
    this.settle();
    this.engine.scheduler.pump();
  }

  #checkLater(): () => void {
    return this.#settings.clock.timer(PROGRESS_CHECK_MS, () => {
      this.#checkProgress();
      // No timer without a unit: it would keep a process alive that is done.
      this.#cancelCheck = this.#open.size > 0 && !this.destroyed ? this.#checkLater() : undefined;
    });
  }

  /**
   * End the rest of units that stand still, unless what holds them is a pause the host asked for, a share that others
   * have, or our own sink.
   */
  #checkProgress(): void {
    const nowMs = this.#settings.clock.nowMs();
    const pausedUntil = new Map<string, number>();
    for (const { host, gate } of this.engine.scheduler.lanes()) {
      const { permits, pauseUntilMs } = gate.limit;
      if (permits < 1) pausedUntil.set(host, nowMs);
      else if (pauseUntilMs > 0) pausedUntil.set(host, Math.min(pauseUntilMs, nowMs));
    }
    const isHeld = this.isStill || this.readableLength >= this.readableHighWaterMark;
    for (const work of this.#open) {
      // A pause counts up to its very end, also one that ended since the last look.
      const paused = work.hosts.map((host) => pausedUntil.get(this.engine.groupOf(host)) ?? 0);
      const waitedUntilMs = isHeld ? nowMs : Math.max(0, ...paused);
      work.progressMs = Math.max(work.progressMs, waitedUntilMs);
      if (nowMs - work.progressMs < this.#settings.unitIdleMs) continue;
      this.#endAll(work, 'unit_deadline', `no row finished for ${Math.round(this.#settings.unitIdleMs / 1000)} s`);
    }
    this.engine.scheduler.pump();
  }

  /** Throws where this stage has ended: then the sink alone can still tell. */
  #giveUp(unit: Unit, cause: Error): void {
    const message = `unit ${unit.id}: ${cause.message}; nobody delivers it again in this pipeline`;
    const error = new FlowDcError('FDC_ERR_UNIT_FAILED', message, { cause });
    if (this.readableEnded || this.destroyed) throw error;
    this.destroy(error);
  }
}
