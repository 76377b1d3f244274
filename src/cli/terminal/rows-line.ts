/** Says how many rows were read, on stderr, while a manifest is looked at. */
import { type Clock, systemClock } from '../../clock.ts';
import { count, percent } from '../../format.ts';
import type { CliOutput } from '../args/command.ts';
import type { ProgressKind } from './reporter.ts';

/** Short inputs say nothing. */
const QUIET_MS = 2_000;
const INTERVAL_MS = { bar: 200, plain: 10_000, json: 1_000 } as const;

export interface RowsLine {
  /** Cheap: called with every batch. */
  rows(rows: number, total: number | undefined): void;
  /** Leaves a clean line behind. */
  close(): void;
}

/** One line that is written over on a terminal, else a line every 10 s. */
export function createRowsLine(
  kind: ProgressKind,
  stderr: CliOutput,
  { verb = 'read', clock = systemClock }: { readonly verb?: 'read' | 'probed'; readonly clock?: Clock } = {},
): RowsLine {
  const shown = kind === 'auto' ? (stderr.isTTY === true ? 'bar' : 'plain') : kind;
  let startMs = 0;
  let nextMs = Number.NaN;
  let isOpen = false;
  return {
    rows(rows, total) {
      const nowMs = clock.nowMs();
      if (Number.isNaN(nextMs)) {
        startMs = nowMs;
        nextMs = nowMs + QUIET_MS;
      }
      if (shown === 'off' || nowMs < nextMs) return;
      nextMs = nowMs + INTERVAL_MS[shown];
      const perSecond = (1000 * rows) / (nowMs - startMs);
      if (shown === 'json')
        return void stderr.write(`${JSON.stringify({ [verb]: rows, total, rowsPerSecond: Math.round(perSecond) })}\n`);
      const of = total === undefined ? '' : ` of ${count(total)} (${percent(rows / total)})`;
      const line = `${count(rows)} rows${of} ${verb}, ${count(perSecond)} rows/s`;
      isOpen = shown === 'bar';
      stderr.write(isOpen ? `\r\u001b[2K${line}` : `${line}\n`);
    },
    close() {
      if (isOpen) stderr.write('\r\u001b[2K');
      isOpen = false;
    },
  };
}
