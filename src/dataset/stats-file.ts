/** NNNNNN.stats.json: a unit's numbers for people, and its record for a state folder that was lost. */
import type { UnitRecord } from '../record.ts';
import { TIME_PARTS, type UnitTimes } from './unit-times.ts';

const FORMAT = 'flow-dc-stats-1';

export const STATS_SUFFIX = '.stats.json';

/**
 * The file's content; its `record` is what a lost state folder is restored from.
 * @param record - without the stats file itself among its artifacts, because a file cannot hold its own hash
 * @param startedAtMs - wall clock when the unit was begun
 * @param times - where the unit's time went; whole microseconds are kept
 */
export function formatStats(record: UnitRecord, startedAtMs: number, times: UnitTimes): Buffer {
  const stats = {
    format: FORMAT,
    success_rate_percent: record.rows === 0 ? 0 : Math.round((record.stored / record.rows) * 1e4) / 100,
    started_at: new Date(startedAtMs).toISOString(),
    committed_at: new Date(record.committedAtMs).toISOString(),
    elapsed_sec: Math.round(record.committedAtMs - startedAtMs) / 1000,
    times: Object.fromEntries(TIME_PARTS.map((part) => [`${part}_ms`, Math.round(times[part] * 1000) / 1000])),
    record,
  };
  return Buffer.from(`${JSON.stringify(stats, undefined, 2)}\n`);
}

/** What a stats file says besides its record. */
export interface UnitStats {
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly committedAtMs: number;
  /** Absent in files of versions that did not measure. */
  readonly times?: UnitTimes;
}

/** Read a stats file back. Throws TypeError or SyntaxError for a text that is none. */
export function parseStats(text: string): UnitStats {
  const stats = JSON.parse(text) as Readonly<Record<string, unknown>> | null;
  if (stats?.format !== FORMAT)
    throw new TypeError(`expected the format ${FORMAT}, got ${JSON.stringify(stats?.format)}`);
  const [startedAtMs, committedAtMs] = [stats.started_at, stats.committed_at].map((text) =>
    Date.parse(String(text)),
  ) as [number, number];
  if (Number.isNaN(startedAtMs) || Number.isNaN(committedAtMs))
    throw new TypeError('expected started_at and committed_at as times');
  const times = stats.times as Readonly<Record<string, unknown>> | undefined;
  if (times === undefined) return { startedAtMs, committedAtMs };
  const parts = TIME_PARTS.map((part) => [part, times[`${part}_ms`]] as const);
  if (!parts.every(([, ms]) => typeof ms === 'number' && ms >= 0))
    throw new TypeError('expected times as milliseconds');
  return { startedAtMs, committedAtMs, times: Object.fromEntries(parts) as UnitTimes };
}
