/** Says on stderr how a run or a reading goes, in the form that fits where stderr leads. */
import { type Clock, systemClock } from '../../clock.ts';
import { byteSize, count, duration, percent } from '../../format.ts';
import { visible } from '../../visible.ts';
import { bottleneckWords } from './bottleneck-lines.ts';
import { clockTime } from './host-lines.ts';
import { type CliOutput, writeLines, writeOwn } from './process.ts';
import { type ProgressSnapshot, ProgressTracker } from './tracker.ts';
import { writeJson } from './voice.ts';

export type ProgressKind = 'auto' | 'bar' | 'plain' | 'json' | 'off';

const INTERVAL_MS = { bar: 200, plain: 30_000, json: 1_000 } as const;
/** Somebody who reads a log wants to know soon that something moves. */
const FIRST_MS = { ...INTERVAL_MS, plain: 5_000 } as const;
const BAR_CELLS = 24;
/** Of a manifest that is only looked at; short ones say nothing. */
const ROWS_INTERVAL_MS = { bar: 200, plain: 10_000, json: 1_000 } as const;
const ROWS_QUIET_MS = 2_000;
/** Columns that a host which keeps the run has at least. */
const LEAST_HELD = 24;
const CLEAR_LINE = '\r\u001b[2K';

export interface ProgressReporter {
  /** How many rows the run has, if known, and how many earlier runs settled. */
  expect(rowsTotal: number | undefined, rowsBefore: number): void;
  /** A unit that some other process has settled; its skipped rows count as failed. */
  addUnit(record: { readonly rows: number; readonly stored: number; readonly bytes: number }): void;
  /** What workers elsewhere say of units that are not settled. */
  work: ProgressTracker['work'];
  /** A line for people that must not be torn apart by the bar. */
  note(line: string): void;
  /** A last look, then silence. */
  close(): void;
}

export function createProgress(
  { progress, quiet }: { readonly progress: ProgressKind; readonly quiet: boolean },
  stderr: CliOutput,
  clock: Clock = systemClock,
): ProgressReporter {
  const shown = quiet ? 'off' : shownAs(progress, stderr);
  const tracker = new ProgressTracker(clock);
  let cancel: (() => void) | undefined;
  const clearBar = (): void => {
    if (shown === 'bar') writeOwn(stderr, CLEAR_LINE);
  };
  const show = (): void => {
    const snapshot = tracker.snapshot();
    if (shown === 'bar') writeOwn(stderr, `${CLEAR_LINE}${barLine(snapshot, stderr.columns || 80)}`);
    else if (shown === 'plain') writeLines(stderr, [plainLine(snapshot)]);
    else if (shown === 'json') writeJson(stderr, snapshot);
  };
  const again = (delays: typeof FIRST_MS | typeof INTERVAL_MS): void => {
    if (shown === 'off') return;
    cancel = clock.timer(delays[shown], () => {
      show();
      again(INTERVAL_MS);
    });
  };
  again(FIRST_MS);
  return {
    expect: (rowsTotal, rowsBefore) => tracker.expect(rowsTotal, rowsBefore),
    addUnit: (record) => tracker.addUnit(record),
    work: (work) => tracker.work(work),
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
  const guess = s.isEstimate ? 'about ' : '';
  const share = shareOf(s);
  const of = s.rowsTotal === undefined ? '' : ` of ${guess}${count(s.rowsTotal)} (${percent(share ?? 1)})`;
  const open = s.fetchedOpen ? `, ${count(s.fetchedOpen)} more fetched in open units` : '';
  const eta = s.etaMs === undefined ? '' : `, about ${duration(s.etaMs)} left`;
  return (
    `${count(s.rowsDone)} rows${of}: ${count(s.fetched)} fetched, ${count(s.failed)} failed, ${count(s.skipped)} ` +
    `skipped${open}; ${byteSize(s.bytes)}; ${count(s.rowsPerSecond)} rows/s, ${byteSize(s.bytesPerSecond)}/s${eta}${host}`
  );
}

/** As much of it as there is room for: the time left goes last. */
export function barLine(s: ProgressSnapshot, columns: number): string {
  const most = Math.max(20, columns - 1);
  const share = shareOf(s);
  const full = Math.round((share ?? 0) * BAR_CELLS);
  const done = share === undefined ? '' : `${s.isEstimate ? '~' : ''}${percent(share)}`;
  const eta = s.etaMs === undefined ? '' : `${etaWords(s)} left`;
  const rate = `${count(s.rowsPerSecond)}/s`;
  const held = heldWords(s);
  // The host needs the room of the bar, and at the end there is not much to see in it.
  if (held !== undefined) {
    const ahead = fitting(
      [
        [done, 2],
        [rate, 1],
        [eta, 9],
      ],
      most - LEAST_HELD,
    );
    return `${ahead}${ahead === '' ? '' : '  '}${held}`.slice(0, most);
  }
  const cells = share === undefined ? '' : `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}]`;
  const parts: Part[] = [
    [cells, 2],
    [done, 8],
    [`${count(s.rowsDone)} rows`, 6],
    [`${count(s.fetched + (s.fetchedOpen ?? 0))} fetched`, 4],
    [`${count(s.failed)} failed`, 5],
    [byteSize(s.bytes), 3],
    [rate, 7],
    [`${byteSize(s.bytesPerSecond)}/s`, 1],
    [eta, 9],
  ];
  return fitting(parts, most).slice(0, most);
}

/** Text, and how long it stays where there is little room. */
type Part = readonly [text: string, rank: number];

/** Leaves out what matters least until the rest has room. */
function fitting(parts: readonly Part[], most: number): string {
  let kept = parts.filter(([text]) => text !== '');
  const line = (): string => kept.map(([text]) => text).join('  ');
  while (kept.length > 1 && line().length > most) {
    const least = Math.min(...kept.map(([, rank]) => rank));
    kept = kept.filter(([, rank]) => rank !== least);
  }
  return line();
}

/** 0..1, by rows or, where nobody knows how many there are, by what was read of the manifest. */
function shareOf({ rowsDone, rowsTotal }: ProgressSnapshot): number | undefined {
  return rowsTotal === undefined || rowsTotal === 0 ? undefined : Math.min(1, rowsDone / rowsTotal);
}

function etaWords({ etaMs = 0, isEstimate }: ProgressSnapshot): string {
  return `${isEstimate ? '~' : ''}${duration(etaMs)}`;
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
      if (shown === 'json') return writeJson(stderr, { [verb]: rows, total, rowsPerSecond: Math.round(perSecond) });
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
