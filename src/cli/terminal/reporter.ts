/** Says how a run goes, on stderr, in the form that fits where stderr leads. */
import { type Clock, systemClock } from '../../clock.ts';
import { byteSize, count, duration, percent } from '../../format.ts';
import type { CliOutput } from '../args/command.ts';
import { type ProgressSnapshot, ProgressTracker } from './tracker.ts';

export type ProgressKind = 'auto' | 'bar' | 'plain' | 'json' | 'off';

const INTERVAL_MS = { bar: 200, plain: 30_000, json: 1_000 } as const;
const BAR_CELLS = 24;

export interface ProgressReporter {
  /** How many rows the run has, if known, and how many earlier runs settled. */
  expect(rowsTotal: number | undefined, rowsBefore: number): void;
  /** A unit that some other process has settled; its skipped rows count as failed. */
  addUnit(record: { readonly rows: number; readonly stored: number; readonly bytes: number }): void;
  /** A line for people that must not be torn apart by the bar. */
  note(line: string): void;
  /** A last look, then silence. */
  close(): ProgressSnapshot;
}

export function createProgress(kind: ProgressKind, stderr: CliOutput, clock: Clock = systemClock): ProgressReporter {
  const shown = kind === 'auto' ? (stderr.isTTY === true ? 'bar' : 'plain') : kind;
  const tracker = new ProgressTracker(clock);
  let cancel: (() => void) | undefined;
  const clearBar = (): void => {
    if (shown === 'bar') stderr.write('\r\u001b[2K');
  };
  const show = (): void => {
    const snapshot = tracker.snapshot();
    if (shown === 'bar') stderr.write(`\r\u001b[2K${barLine(snapshot, stderr.columns || 80)}`);
    else if (shown === 'plain') stderr.write(`${plainLine(snapshot)}\n`);
    else if (shown === 'json') stderr.write(`${JSON.stringify(snapshot)}\n`);
  };
  const again = (): void => {
    if (shown === 'off') return;
    cancel = clock.timer(INTERVAL_MS[shown], () => {
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
      stderr.write(`${line}\n`);
    },
    close() {
      cancel?.();
      clearBar();
      if (shown === 'json') show();
      tracker.close();
      return tracker.snapshot();
    },
  };
}

function plainLine(s: ProgressSnapshot): string {
  const of = s.rowsTotal === undefined ? '' : ` of ${count(s.rowsTotal)} (${percent(s.rowsDone / s.rowsTotal)})`;
  const eta = s.etaMs === undefined ? '' : `, about ${duration(s.etaMs)} left`;
  return (
    `${count(s.rowsDone)} rows${of}: ${count(s.fetched)} fetched, ${count(s.failed)} failed, ${count(s.skipped)} ` +
    `skipped; ${byteSize(s.bytes)}; ${count(s.rowsPerSecond)} rows/s, ${byteSize(s.bytesPerSecond)}/s${eta}`
  );
}

function barLine(s: ProgressSnapshot, columns: number): string {
  const share = s.rowsTotal === undefined || s.rowsTotal === 0 ? undefined : Math.min(1, s.rowsDone / s.rowsTotal);
  const full = Math.round((share ?? 0) * BAR_CELLS);
  const bar = share === undefined ? '' : `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}] ${percent(share)}  `;
  const eta = s.etaMs === undefined ? '' : `  ${duration(s.etaMs)} left`;
  const line =
    `${bar}${count(s.rowsDone)} rows  ${count(s.failed)} failed  ${byteSize(s.bytes)}  ` +
    `${count(s.rowsPerSecond)}/s  ${byteSize(s.bytesPerSecond)}/s${eta}`;
  return line.slice(0, Math.max(20, columns - 1));
}
