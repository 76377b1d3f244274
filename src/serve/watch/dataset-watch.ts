/** Watches a dataset where it lies: its records and their tables, and the timeline that a run writes. */
import { type Clock, sleep } from '../../clock.ts';
import { intactFile, tableOf } from '../../dataset/files/intact-file.ts';
import { type LatestRows, latestRows } from '../../dataset/latest/latest-rows.ts';
import { outcomeRows } from '../../dataset/outcome-rows.ts';
import { OVERVIEW_FILE } from '../../dataset/seal/seal-dataset.ts';
import { errnoOf } from '../../destination/destination.ts';
import { TIMELINE_FILE } from '../../destination/folder-layout.ts';
import { readTimeline, type TimelinePoint } from '../../job/timeline.ts';
import { isFinished } from '../../job/view/is-finished.ts';
import type { JobView } from '../../job/view/job-view.ts';
import type { UnitId, UnitRecord } from '../../record.ts';
import { HostBook } from './host-book.ts';
import type { LiveBook } from './live-book.ts';
import { SettledCounts } from './settled-counts.ts';
import { toldHosts } from './told-host.ts';

/** What each look costs again, a read of all records, takes at most this share of the time. */
const SHARE = 0.05;
const LEAST_MS = 2000;
/** A run whose last line is older does not write any more; a long one writes less often. */
const SILENT_MS = 10_000;
const SILENT_LINES = 3;
const FINISHED = 'Finished.';
const LEFT = 'Not finished, and nobody works on it now: flow-dc resume goes on with it.';

const NOBODY = { inFlight: 0, queued: 0, hosts: [] };

interface LastLine {
  readonly point: TimelinePoint;
  /** The line before it. */
  readonly sinceMs: number;
}

export class DatasetWatch {
  readonly #book: LiveBook;
  readonly #view: JobView;
  readonly #clock: Clock;
  /** Units by what they were when they were read: repairs and removals leave others in their place. */
  readonly #seen = new Map<UnitId, string>();
  /** When all may be counted anew, of a run that goes on. */
  #anewAtMs = 0;
  #rowsPerSecond = 0;
  #drawn: (Pick<TimelinePoint, 'run' | 'elapsed_ms' | 'bytes'> & { readonly rows: number }) | undefined;
  #finishedAs: string | undefined;

  constructor(book: LiveBook, view: JobView, clock: Clock) {
    this.#book = book;
    this.#view = view;
    this.#clock = clock;
  }

  /** Until the signal: what is finished may be begun again. Errors: those of reading records and timelines. */
  async run(signal: AbortSignal): Promise<void> {
    this.#book.begin(undefined, 0);
    while (!signal.aborted) {
      const costMs = await this.#look(signal);
      await sleep(this.#clock, Math.max(LEAST_MS, costMs / SHARE), signal).catch(() => {});
    }
  }

  /** @returns time that the next look will take again */
  async #look(signal: AbortSignal): Promise<number> {
    const startMs = this.#clock.nowMs();
    const isOver = await isFinished(this.#view);
    const finishedAs = isOver ? await this.#stamp() : undefined;
    if (finishedAs !== undefined && finishedAs === this.#finishedAs) return 0;
    const records = await this.#records(signal);
    const last = await this.#readTimeline();
    const costMs = this.#clock.nowMs() - startMs;
    await this.#count(records, isOver, signal);
    if (signal.aborted) return 0;
    this.#finishedAs = finishedAs;
    this.#book.goOn();
    if (this.#show(last, isOver)) return costMs;
    const onAverage = last && (1000 * rowsOf(last.point)) / Math.max(1, last.point.elapsed_ms);
    if (isOver) this.#book.end(FINISHED, 'done', onAverage);
    else this.#book.end(LEFT, 'stopped', onAverage);
    return costMs;
  }

  /** Another one when anything was done to the finished dataset. */
  async #stamp(): Promise<string> {
    const { files } = this.#view;
    const overview = await files
      .final(OVERVIEW_FILE)
      .read()
      .catch((error: Error) => {
        if (errnoOf(error) !== 'ENOENT') throw error;
        return '';
      });
    return `${(await files.state(TIMELINE_FILE).look())?.bytes} ${overview}`;
  }

  async #records(signal: AbortSignal): Promise<UnitRecord[]> {
    const records: UnitRecord[] = [];
    for await (const record of this.#view.decided.records()) {
      if (signal.aborted) break;
      records.push(record);
    }
    return records;
  }

  async #count(records: readonly UnitRecord[], isOver: boolean, signal: AbortSignal): Promise<void> {
    const fresh = records.filter((record) => this.#seen.get(record.unit) !== formOf(record));
    const isOnlyMore = this.#seen.size + fresh.length === records.length;
    if (isOnlyMore && fresh.every(({ again }) => again === undefined)) return this.#add(fresh, signal);
    const startMs = this.#clock.nowMs();
    if (!isOver && startMs < this.#anewAtMs) return;
    this.#seen.clear();
    await this.#addAll(records, signal);
    this.#anewAtMs = this.#clock.nowMs() + (this.#clock.nowMs() - startMs) / SHARE;
  }

  async #add(records: readonly UnitRecord[], signal: AbortSignal): Promise<void> {
    for (const record of records) {
      if (signal.aborted) return;
      this.#book.settled.record(record);
      await this.#readTable(record, this.#book.hosts);
      this.#seen.set(record.unit, formOf(record));
    }
  }

  /** From nothing, and shown when it is whole: rows that were taken again count as what they are now. */
  async #addAll(records: readonly UnitRecord[], signal: AbortSignal): Promise<void> {
    const [settled, hosts] = [new SettledCounts(), new HostBook(this.#clock)];
    // A table that cannot be read is told of below.
    const latest = await latestRows(each(records), this.#view.files, () => {});
    for (const record of records) {
      if (signal.aborted) return;
      settled.record(record);
      await this.#readTable(record, hosts, latest);
    }
    this.#book.replace(settled, hosts);
    for (const record of records) this.#seen.set(record.unit, formOf(record));
  }

  async #readTable(record: UnitRecord, hosts: HostBook, latest?: LatestRows): Promise<void> {
    const artifact = tableOf(record);
    if (artifact === undefined) return;
    try {
      const table = await intactFile(this.#view.files.final(artifact.name), artifact);
      for (const { row, host, status, code, bytes, headersMs } of outcomeRows(table)) {
        if (latest?.isLatest(record.again?.set ?? 1, row) === false) continue;
        hosts.row(host, status as 'fetched' | 'failed' | 'skipped', code || undefined, bytes);
        if (headersMs > 0) hosts.attempt(host, undefined, headersMs);
      }
    } catch (error) {
      this.#book.note(`${artifact.name}: not read (${(error as Error).message}); its rows lack in the table of hosts`);
    }
  }

  /** Of the last run: its points once. */
  async #readTimeline(): Promise<LastLine | undefined> {
    let [last, before]: (TimelinePoint | undefined)[] = [];
    for await (const point of readTimeline(this.#view.files.state(TIMELINE_FILE))) {
      before = point.run === last?.run ? last : undefined;
      last = point;
      const drawn = this.#drawn;
      const isOlder = drawn !== undefined && point.run <= drawn.run && point.elapsed_ms <= drawn.elapsed_ms;
      if (!isOlder) this.#draw(point);
    }
    return last && { point: last, sinceMs: last.elapsed_ms - (before?.elapsed_ms ?? last.elapsed_ms) };
  }

  /** What the last run does now. @returns whether it goes on */
  #show(last: LastLine | undefined, isOver: boolean): boolean {
    if (last === undefined) return false;
    const { point, sinceMs } = last;
    const isOn = !isOver && this.#clock.wallMs() - point.at < Math.max(SILENT_MS, SILENT_LINES * sinceMs);
    if (!isOn) this.#book.since(point.run, point.elapsed_ms);
    const { in_flight: inFlight, queued, held_ms: heldMs = 0, hosts } = point;
    const now = isOn ? { inFlight, queued, hosts: toldHosts(hosts, this.#book.hosts) } : NOBODY;
    this.#book.show({ ...now, threads: 0, heldMs, bodyShare: 0, rowsPerSecond: this.#rowsPerSecond });
    return isOn;
  }

  #draw(point: TimelinePoint): void {
    const before = this.#drawn?.run === point.run ? this.#drawn : undefined;
    const seconds = (point.elapsed_ms - (before?.elapsed_ms ?? 0)) / 1000;
    const perSecond = (now: number, then = 0): number => (seconds > 0 ? Math.max(0, now - then) / seconds : 0);
    const rows = rowsOf(point);
    if (this.#drawn !== undefined && before === undefined) this.#book.drawAnew();
    this.#rowsPerSecond = perSecond(rows, before?.rows);
    this.#book.since(point.run, point.elapsed_ms);
    this.#book.draw({
      elapsedMs: point.elapsed_ms,
      rowsPerSecond: this.#rowsPerSecond,
      bytesPerSecond: perSecond(point.bytes, before?.bytes),
      inFlight: point.in_flight,
      queued: point.queued,
      hosts: point.hosts.slice(0, 8).map(({ host, limit, in_flight }) => [host, limit, in_flight]),
    });
    const { run, elapsed_ms, bytes } = point;
    this.#drawn = { run, elapsed_ms, bytes, rows };
  }
}

function rowsOf({ stored, failed, skipped }: TimelinePoint): number {
  return stored + failed + skipped;
}

function formOf(record: UnitRecord): string {
  return `${record.token} ${tableOf(record)?.sha256} ${record.bytes}`;
}

async function* each(records: readonly UnitRecord[]): AsyncGenerator<UnitRecord> {
  yield* records;
}
