/** Counts a run's events as they come by: what a bar, a line or a JSON object shows. */
import { type Clock, systemClock } from '../../clock.ts';
import { bottleneckMs } from '../../job/bottleneck.ts';
import { type Bottleneck, subscribe } from '../../telemetry/channels.ts';

export interface ProgressSnapshot {
  /** Rows with a result, those of earlier runs included. */
  readonly rowsDone: number;
  readonly rowsTotal: number | undefined;
  /** The total is guessed from how much of the manifest was read. */
  readonly isEstimate?: boolean | undefined;
  readonly fetched: number;
  /** Rows that workers have fetched in units that are not settled; not among `rowsDone`. */
  readonly fetchedOpen?: number | undefined;
  readonly failed: number;
  readonly skipped: number;
  readonly bytes: number;
  readonly unitsCommitted: number;
  readonly elapsedMs: number;
  /** Over the last ten seconds or so. */
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly etaMs: number | undefined;
  /** The host that is all that is left, and why; absent for none. */
  readonly bottleneck?: Bottleneck | undefined;
  /** A host that has given what it may in an hour or a day, and when it goes on, by the wall clock. */
  readonly quota?: { readonly host: string; readonly resumesAtMs: number } | undefined;
}

/** Rates are read over this much of the past. */
const RATE_WINDOW_MS = 10_000;

export class ProgressTracker {
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #unsubscribe = [
    subscribe('flow-dc:row', ({ status, bytes }) => {
      this.#counts[status] += 1;
      this.#bytes += bytes;
    }),
    subscribe('flow-dc:reading', ({ rows, bytes, ofBytes, mostRows, isEnd = false }) => {
      this.#guess = Math.min(mostRows, Math.round((rows * ofBytes) / bytes));
      this.#isGuessed = !isEnd;
    }),
    subscribe('flow-dc:unit-committed', () => {
      this.#units += 1;
    }),
    subscribe('flow-dc:quota', ({ host, resumesAtMs }) => {
      this.#quota = { host, resumesAtMs };
    }),
    subscribe('flow-dc:bottleneck', ({ bottleneck }) => {
      this.#bottleneck = bottleneck;
    }),
  ];
  readonly #past: { atMs: number; rows: number; bytes: number }[] = [];
  #counts = { fetched: 0, failed: 0, skipped: 0 };
  #bytes = 0;
  #units = 0;
  #bottleneck: Bottleneck | undefined;
  #quota: ProgressSnapshot['quota'];
  #work: { readonly fetchedOpen: number; readonly rowsPerSecond: number } | undefined;
  #rowsBefore = 0;
  #rowsTotal: number | undefined;
  /** How many rows there are, by how much of the manifest those that were read took. */
  #guess: number | undefined;
  #isGuessed = false;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#startMs = clock.nowMs();
    this.#past.push({ atMs: this.#startMs, rows: 0, bytes: 0 });
  }

  /** @param rowsBefore - rows that earlier runs have settled */
  expect(rowsTotal: number | undefined, rowsBefore: number): void {
    this.#rowsTotal = rowsTotal;
    this.#rowsBefore = rowsBefore;
    // What it took to come here says nothing of how fast the rows are.
    const { fetched, failed, skipped } = this.#counts;
    this.#past.splice(0, Number.POSITIVE_INFINITY, {
      atMs: this.#clock.nowMs(),
      rows: fetched + failed + skipped,
      bytes: this.#bytes,
    });
  }

  /** Rows that were settled elsewhere: what is known of a unit's record. */
  addUnit({ rows, stored, bytes }: { readonly rows: number; readonly stored: number; readonly bytes: number }): void {
    this.#counts.fetched += stored;
    this.#counts.failed += rows - stored;
    this.#bytes += bytes;
    this.#units += 1;
  }

  /** What workers elsewhere say of units that are not settled. */
  work(work: { readonly fetchedOpen: number; readonly rowsPerSecond: number }): void {
    this.#work = work;
  }

  snapshot(): ProgressSnapshot {
    const { fetched, failed, skipped } = this.#counts;
    const rows = fetched + failed + skipped;
    const nowMs = this.#clock.nowMs();
    const { rowsPerSecond: settledPerSecond, bytesPerSecond } = this.#rates(nowMs, rows);
    const { fetchedOpen = 0, rowsPerSecond = settledPerSecond } = this.#work ?? {};
    const done = this.#rowsBefore + rows + fetchedOpen;
    const isEstimate = this.#rowsTotal === undefined && this.#isGuessed;
    // Never fewer than there are already.
    const rowsTotal = this.#rowsTotal ?? (this.#guess === undefined ? undefined : Math.max(this.#guess, done));
    const left = rowsTotal === undefined ? undefined : Math.max(0, rowsTotal - done);
    // Rows of a host that is slower than all that went before take their own time.
    const leftMs = Math.max((1000 * (left ?? 0)) / rowsPerSecond, left === 0 ? 0 : bottleneckMs(this.#bottleneck));
    return {
      rowsDone: this.#rowsBefore + rows,
      fetched,
      fetchedOpen: this.#work?.fetchedOpen,
      failed,
      skipped,
      bytes: this.#bytes,
      unitsCommitted: this.#units,
      elapsedMs: nowMs - this.#startMs,
      rowsPerSecond,
      bytesPerSecond,
      rowsTotal,
      ...(isEstimate && { isEstimate }),
      etaMs: left === undefined || rowsPerSecond <= 0 ? undefined : leftMs,
      bottleneck: this.#bottleneck,
      quota: this.#quota !== undefined && this.#quota.resumesAtMs > this.#clock.wallMs() ? this.#quota : undefined,
    };
  }

  close(): void {
    for (const end of this.#unsubscribe) end();
  }

  #rates(nowMs: number, rows: number): { rowsPerSecond: number; bytesPerSecond: number } {
    this.#past.push({ atMs: nowMs, rows, bytes: this.#bytes });
    while (this.#past.length > 2 && (this.#past[1]?.atMs ?? nowMs) <= nowMs - RATE_WINDOW_MS) this.#past.shift();
    const first = this.#past[0];
    const seconds = (nowMs - (first?.atMs ?? nowMs)) / 1000;
    if (first === undefined || seconds <= 0) return { rowsPerSecond: 0, bytesPerSecond: 0 };
    return { rowsPerSecond: (rows - first.rows) / seconds, bytesPerSecond: (this.#bytes - first.bytes) / seconds };
  }
}
