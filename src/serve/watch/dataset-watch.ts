/** Watches a dataset where it lies: its records and their tables, each read once, and the timeline that a run writes. */
import { type Clock, sleep } from '../../clock.ts';
import { intactFile, tableOf } from '../../dataset/files/intact-file.ts';
import { outcomeRows } from '../../dataset/outcome-rows.ts';
import { TIMELINE_FILE } from '../../destination/folder-layout.ts';
import { readTimeline, type TimelinePoint } from '../../job/timeline.ts';
import { isFinished } from '../../job/view/is-finished.ts';
import type { JobView } from '../../job/view/job-view.ts';
import type { UnitId, UnitRecord } from '../../record.ts';
import type { HostLoad } from '../../stages/fetch/result-stream.ts';
import type { LiveBook } from './live-book.ts';

/** Looking costs a read of all records: at most this share of the time. */
const SHARE = 0.05;
const LEAST_MS = 2000;
/** A run whose last line is older does not write any more. */
const SILENT_MS = 10_000;

export class DatasetWatch {
  readonly #book: LiveBook;
  readonly #view: JobView;
  readonly #clock: Clock;
  readonly #seen = new Set<UnitId>();
  #rowsPerSecond = 0;
  #drawn: Pick<TimelinePoint, 'run' | 'elapsed_ms' | 'stored' | 'bytes'> | undefined;

  constructor(book: LiveBook, view: JobView, clock: Clock) {
    this.#book = book;
    this.#view = view;
    this.#clock = clock;
  }

  /** Until the signal, or until the dataset is finished. Errors: those of reading records and timelines. */
  async run(signal: AbortSignal): Promise<void> {
    this.#book.begin(undefined, 0);
    while (!signal.aborted) {
      const startMs = this.#clock.nowMs();
      const isOver = await isFinished(this.#view);
      await this.#readRecords(signal);
      await this.#readTimeline();
      if (isOver && !signal.aborted) return this.#book.end('Finished.');
      const tookMs = this.#clock.nowMs() - startMs;
      await sleep(this.#clock, Math.max(LEAST_MS, tookMs / SHARE), signal).catch(() => {});
    }
  }

  async #readRecords(signal: AbortSignal): Promise<void> {
    for await (const record of this.#view.decided.records()) {
      if (signal.aborted) return;
      if (this.#seen.has(record.unit)) continue;
      this.#seen.add(record.unit);
      const { stored, failed, skipped, bytes, errors } = record;
      this.#book.row('fetched', stored, bytes);
      this.#book.row('failed', failed, 0);
      this.#book.row('skipped', skipped, 0);
      this.#book.unit();
      for (const [code, rows] of Object.entries(errors)) this.#book.codes.add(code, rows);
      await this.#readTable(record);
    }
  }

  async #readTable(record: UnitRecord): Promise<void> {
    const artifact = tableOf(record);
    if (artifact === undefined) return;
    const { hosts } = this.#book;
    try {
      for (const row of outcomeRows(await intactFile(this.#view.files.final(artifact.name), artifact))) {
        const { host, status, code, bytes, headersMs } = row;
        hosts.row(host, status as 'fetched' | 'failed' | 'skipped', code || undefined, bytes);
        if (headersMs > 0) hosts.attempt(host, undefined, headersMs);
      }
    } catch (error) {
      this.#book.note(`${artifact.name}: not read (${(error as Error).message}); its rows lack in the table of hosts`);
    }
  }

  /** Of the last run: its points once, and what it does now if it goes on. */
  async #readTimeline(): Promise<void> {
    let last: TimelinePoint | undefined;
    for await (const point of readTimeline(this.#view.files.state(TIMELINE_FILE))) {
      last = point;
      const drawn = this.#drawn;
      const isOlder = drawn !== undefined && point.run <= drawn.run && point.elapsed_ms <= drawn.elapsed_ms;
      if (!isOlder) this.#draw(point);
    }
    const isOn = last !== undefined && this.#clock.wallMs() - last.at < SILENT_MS;
    const { in_flight: inFlight = 0, queued = 0, held_ms: heldMs = 0, hosts = [] } = isOn ? (last ?? {}) : {};
    for (const { host, state } of hosts) this.#book.hosts.state(host, state);
    const rowsPerSecond = isOn ? this.#rowsPerSecond : 0;
    this.#book.show({ inFlight, queued, threads: 0, heldMs, bodyShare: 0, hosts: hosts.map(hostNow), rowsPerSecond });
  }

  #draw(point: TimelinePoint): void {
    const before = this.#drawn?.run === point.run ? this.#drawn : undefined;
    const seconds = (point.elapsed_ms - (before?.elapsed_ms ?? 0)) / 1000;
    const perSecond = (now: number, then = 0): number => (seconds > 0 ? Math.max(0, now - then) / seconds : 0);
    this.#rowsPerSecond = perSecond(point.stored + point.failed + point.skipped, before?.stored);
    this.#book.since(point.run, point.elapsed_ms);
    this.#book.draw({
      elapsedMs: point.elapsed_ms,
      rowsPerSecond: this.#rowsPerSecond,
      bytesPerSecond: perSecond(point.bytes, before?.bytes),
      inFlight: point.in_flight,
      queued: point.queued,
      hosts: point.hosts.slice(0, 8).map(({ host, limit, in_flight }) => [host, limit, in_flight]),
    });
    this.#drawn = { ...point, stored: point.stored + point.failed + point.skipped };
  }
}

function hostNow(host: TimelinePoint['hosts'][number]): HostLoad {
  const { in_flight: inFlight, limit, waiting, state, paused_ms: pausedMs, allowed: allowedPerSecond } = host;
  return { host: host.host, inFlight, limit, waiting, isPaused: state === 'paused', pausedMs, allowedPerSecond };
}
