/** NNNNNN.stats.json: a unit's numbers for people, and its record for a state folder that was lost. */
import type { UnitRecord } from '../../record.ts';

const FORMAT = 'flow-dc-stats-1';

export const STATS_SUFFIX = '.stats.json';

/**
 * The file's content; its `record` is what a lost state folder is restored from.
 * @param record - without the stats file itself among its artifacts, because a file cannot hold its own hash
 * @param startedAtMs - wall clock when the unit was begun
 */
export function formatStats(record: UnitRecord, startedAtMs: number): Buffer {
  const stats = {
    format: FORMAT,
    success_rate_percent: record.rows === 0 ? 0 : Math.round((record.stored / record.rows) * 1e4) / 100,
    started_at: new Date(startedAtMs).toISOString(),
    committed_at: new Date(record.committedAtMs).toISOString(),
    elapsed_sec: Math.round(record.committedAtMs - startedAtMs) / 1000,
    record,
  };
  return Buffer.from(`${JSON.stringify(stats, undefined, 2)}\n`);
}
