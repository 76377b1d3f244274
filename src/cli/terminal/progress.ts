/** Says on stderr how a run or a reading goes, in the form that fits where stderr leads. */
import { systemClock } from '../../clock.ts';
import { byteSize, count, duration, percent } from '../../format.ts';
import { visible } from '../../visible.ts';
import { bottleneckWords } from './bottleneck-lines.ts';
import { clockTime } from './host-lines.ts';
import { type CliOutput, writeLines, writeOwn } from './process.ts';
import { type ProgressSnapshot, ProgressTracker } from './tracker.ts';

export type ProgressKind = 'auto' | 'bar' | 'plain' | 'json' | 'off';

const INTERVAL_MS = { bar: 200, plain: 30_000, json: 1_000 } as const;
const BAR_CELLS = 24;
/** Of a manifest that is only looked at; short ones say nothing. */
const ROWS_INTERVAL_MS = { bar: 200, plain: 10_000, json: 1_000 } as const;
const ROWS_QUIET_MS = 2_000;
const CLEAR_LINE = '\r\u001b[2K';

export interface ProgressReporter {
  /** How many rows the run has, if known, and how many earlier runs settled. */
  expect(rowsTotal: number | undefined, rowsBefore: number): void;
  /** A unit that some other process has settled; its skipped rows count as failed. */
  addUnit(record: { readonly rows: number; readonly stored: number; readonly bytes: number }): void;
  /** A line for people that must not be torn apart by the bar. */
  note(line: string): void;
  /** A last look, then silence. */
  close(): void;
}

export function createProgress(kind: ProgressKind, stderr: CliOutput): ProgressReporter {
  const shown = shownAs(kind, stderr);
  const tracker = new ProgressTracker();
  let cancel: (() => void) | undefined;
  const clearBar = (): void => {
    if (shown === 'bar') writeOwn(stderr, CLEAR_LINE);
  };
  const show = (): void => {
    const snapshot = tracker.snapshot();
    if (shown === 'bar') writeOwn(stderr, `${CLEAR_LINE}${barLine(snapshot, stderr.columns || 80)}`);
    else if (shown === 'plain') writeLines(stderr, [plainLine(snapshot)]);
    else if (shown === 'json') writeLines(stderr, [JSON.stringify(snapshot)]);
  };
  const again = (): void => {
    if (shown === 'off') return;
    cancel = systemClock.timer(INTERVAL_MS[shown], () => {
      show();
      again();
    });
  };
  again();
  return {
    expect: (rowsTotal, rowsBefore) => tracker.expect(rowsTotal, rowsBefore),
    addUnit: (record) => tracker.addUnit(record),
    note(line) {
      clearBar();
      writeLines(stderr, [line]);
    },
    close() {
      cancel?.();
      clearBar();
      if (shown === 'json') show();
      tracker.close();
    },
  };
}

export function plainLine(s: ProgressSnapshot): string {
  const held = heldWords(s);
  const host = held === undefined ? '' : `; ${held}`;
  const of = s.rowsTotal === undefined ? '' : ` of ${count(s.rowsTotal)} (${percent(s.rowsDone / s.rowsTotal)})`;
  const eta = s.etaMs === undefined ? '' : `, about ${duration(s.etaMs)} left`;
  return (
    `${count(s.rowsDone)} rows${of}: ${count(s.fetched)} fetched, ${count(s.failed)} failed, ${count(s.skipped)} ` +
    `skipped; ${byteSize(s.bytes)}; ${count(s.rowsPerSecond)} rows/s, ${byteSize(s.bytesPerSecond)}/s${eta}${host}`
  );
}

export function barLine(s: ProgressSnapshot, columns: number): string {
  const share = s.rowsTotal === undefined || s.rowsTotal === 0 ? undefined : Math.min(1, s.rowsDone / s.rowsTotal);
  const full = Math.round((share ?? 0) * BAR_CELLS);
  const bar = share === undefined ? '' : `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}] ${percent(share)}  `;
  const eta = s.etaMs === undefined ? '' : `  ${duration(s.etaMs)} left`;
  const rate = `${count(s.rowsPerSecond)}/s`;
  // The host needs the room of the bar, and at the end there is not much to see in it.
  const held = heldWords(s);
  const line =
    held === undefined
      ? `${bar}${count(s.rowsDone)} rows  ${count(s.failed)} failed  ${byteSize(s.bytes)}  ` +
        `${rate}  ${byteSize(s.bytesPerSecond)}/s${eta}`
      : `${share === undefined ? '' : `${percent(share)}  `}${rate}${eta}  ${held}`;
  return line.slice(0, Math.max(20, columns - 1));
}

/** What keeps the run. */
function heldWords({ bottleneck, quota }: ProgressSnapshot): string | undefined {
  if (quota !== undefined) return `${visible(quota.host)} has given what it may until ${clockTime(quota.resumesAtMs)}`;
  return bottleneck === undefined ? undefined : bottleneckWords(bottleneck);
}

export interface RowsLine {
  /** Cheap: called with every batch. */
  rows(rows: number, total: number | undefined): void;
  /** Leaves a clean line behind. */
  close(): void;
}

/** One line that is written over on a terminal, else a line every 10 s. */
export function createRowsLine(kind: ProgressKind, stderr: CliOutput, verb: 'read' | 'probed' = 'read'): RowsLine {
  const shown = shownAs(kind, stderr);
  let startMs = 0;
  let nextMs = Number.NaN;
  let isOpen = false;
  return {
    rows(rows, total) {
      const nowMs = systemClock.nowMs();
      if (Number.isNaN(nextMs)) {
        startMs = nowMs;
        nextMs = nowMs + ROWS_QUIET_MS;
      }
      if (shown === 'off' || nowMs < nextMs) return;
      nextMs = nowMs + ROWS_INTERVAL_MS[shown];
      const perSecond = (1000 * rows) / (nowMs - startMs);
      if (shown === 'json')
        return writeLines(stderr, [JSON.stringify({ [verb]: rows, total, rowsPerSecond: Math.round(perSecond) })]);
      const of = total === undefined ? '' : ` of ${count(total)} (${percent(rows / total)})`;
      const line = `${count(rows)} rows${of} ${verb}, ${count(perSecond)} rows/s`;
      isOpen = shown === 'bar';
      writeOwn(stderr, isOpen ? `${CLEAR_LINE}${line}` : `${line}\n`);
    },
    close() {
      if (isOpen) writeOwn(stderr, CLEAR_LINE);
      isOpen = false;
    },
  };
}

function shownAs(kind: ProgressKind, stderr: CliOutput): Exclude<ProgressKind, 'auto'> {
  if (kind !== 'auto') return kind;
  return stderr.isTTY === true ? 'bar' : 'plain';
}
