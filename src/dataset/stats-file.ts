/** NNNNNN.stats.json: a unit's numbers and times for people, and its record for a state folder that was lost. */
import type { RowResult, UnitRecord } from '../record.ts';
import { img2datasetStats, ownStats } from './img2dataset-sample.ts';

/** Where a unit's time goes, in the order in which a row meets it. */
export const TIME_PARTS = ['queue', 'headers', 'body', 'hash', 'write', 'commit'] as const;
export type TimePart = (typeof TIME_PARTS)[number];

/**
 * Milliseconds by part, summed over the rows of a unit. Rows are under way side by side, so the sum is work and not
 * time on the wall. `headers` and `body` are of each row's last attempt.
 */
export type UnitTimes = Readonly<Record<TimePart, number>>;

/** Of a unit whose file does not say. */
export const NO_TIMES: UnitTimes = { queue: 0, headers: 0, body: 0, hash: 0, write: 0, commit: 0 };

/** Adds up where time went. */
export class UnitTimer {
  readonly #times: Record<TimePart, number> = { ...NO_TIMES };

  /** What the fetch stage knows of a row. */
  addRow({ queueMs = 0, headersMs = 0, totalMs = headersMs, hashMs = 0 }: RowResult<unknown>): void {
    this.#times.queue += queueMs;
    this.#times.headers += headersMs;
    this.#times.body += Math.max(0, totalMs - headersMs);
    this.#times.hash += hashMs;
  }

  add(part: TimePart, ms: number): void {
    this.#times[part] += Math.max(0, ms);
  }

  sums(): UnitTimes {
    return { ...this.#times };
  }
}

const FORMAT = 'flow-dc-stats-1';

export const STATS_SUFFIX = '.stats.json';

/**
 * The file's content; its `record` is what a lost state folder is restored from.
 * @param record - without the stats file itself among its artifacts, because a file cannot hold its own hash
 * @param startedAtMs - wall clock when the unit was begun
 * @param times - where the unit's time went; whole microseconds are kept
 */
export function formatStats(
  record: UnitRecord,
  { startedAtMs, elapsedMs }: Omit<UnitStats, 'times'>,
  times: UnitTimes,
  compat?: 'img2dataset' | undefined,
): Buffer {
  const stats = {
    format: FORMAT,
    success_rate_percent: record.rows === 0 ? 0 : Math.round((record.stored / record.rows) * 1e4) / 100,
    started_at: new Date(startedAtMs).toISOString(),
    committed_at: new Date(record.committedAtMs).toISOString(),
    elapsed_sec: Math.round(elapsedMs) / 1000,
    times: Object.fromEntries(TIME_PARTS.map((part) => [`${part}_ms`, Math.round(times[part] * 1000) / 1000])),
    record,
  };
  if (compat !== undefined) return img2datasetStats(record, { startedAtMs, elapsedMs }, stats);
  return Buffer.from(`${JSON.stringify(stats, undefined, 2)}\n`);
}

/** What a stats file says besides its record. */
export interface UnitStats {
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** From there to the commit, by a clock that nobody sets. */
  readonly elapsedMs: number;
  /** Absent in files of versions that did not measure. */
  readonly times?: UnitTimes | undefined;
}

/** Read a stats file back. Throws TypeError or SyntaxError for a text that is none. */
export function parseStats(text: string): UnitStats {
  const stats = ownStats(JSON.parse(text)) as Readonly<Record<string, unknown>> | null;
  if (stats?.format !== FORMAT)
    throw new TypeError(`expected the format ${FORMAT}, got ${JSON.stringify(stats?.format)}`);
  const startedAtMs = Date.parse(String(stats.started_at));
  if (Number.isNaN(startedAtMs)) throw new TypeError('expected started_at as a time');
  const { elapsed_sec } = stats;
  if (typeof elapsed_sec !== 'number' || elapsed_sec < 0) throw new TypeError('expected elapsed_sec as seconds');
  return { startedAtMs, elapsedMs: elapsed_sec * 1000, times: parseTimes(stats.times) };
}

function parseTimes(times: unknown): UnitTimes | undefined {
  if (times === undefined) return undefined;
  const parts = TIME_PARTS.map((part) => [part, (times as Readonly<Record<string, unknown>>)[`${part}_ms`]] as const);
  if (!parts.every(([, ms]) => typeof ms === 'number' && ms >= 0))
    throw new TypeError('expected times as milliseconds');
  return Object.fromEntries(parts) as UnitTimes;
}
