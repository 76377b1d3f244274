/** The end of a run in a few lines: what was stored, what was not and why, where it is, what to do next. */

import { isTransient, type NamedRowCode, ROW_CODES, type RowCode } from '../row-codes.ts';
import type { JobSummary } from '../run/job-summary.ts';
import { byteSize, count, duration, percent } from './progress/format.ts';

/** More codes than this are in the outcome tables. */
const MAX_CODES = 12;

export function summaryLines(summary: JobSummary): string[] {
  const { rows, stored, bytes, units, out, complete, before, elapsedMs } = summary;
  if (complete && before.rows === rows && rows > 0)
    return [`nothing to do: all ${count(rows)} rows of ${out} are settled`, ...codeLines(summary)];
  const seconds = elapsedMs / 1000;
  const rate = `${count((rows - before.rows) / seconds)} rows/s, ${byteSize((bytes - before.bytes) / seconds)}/s`;
  return [
    `${complete ? 'done' : 'stopped'}: ${count(stored)} of ${count(rows)} rows stored (${percent(rows === 0 ? 0 : stored / rows)}), ${byteSize(bytes)} in ${count(units)} ${units === 1 ? 'shard' : 'shards'}`,
    ...codeLines(summary),
    `time: ${duration(elapsedMs)}, ${rate}`,
    ...(out === 'none:' ? [] : [`output: ${out}`, `next: ${complete ? `flow-dc verify ${quoted(out)}` : `flow-dc resume ${quoted(out)}`}`]),
  ];
}

function codeLines({ failed, skipped, errors }: JobSummary): string[] {
  const all = Object.entries(errors);
  const lines = all
    .slice(0, MAX_CODES)
    .map(([code, rows]) => `  ${count(rows).padStart(9)}  ${code.padEnd(18)} ${meaning(code as RowCode)}`);
  if (all.length > MAX_CODES) lines.push(`  ${count(all.length - MAX_CODES).padStart(9)}  more codes, see the outcome tables`);
  return failed + skipped === 0 ? [] : [`not stored: ${count(failed)} failed, ${count(skipped)} skipped`, ...lines];
}

function meaning(code: RowCode): string {
  const text = code.startsWith('http_') ? `the host answered ${code.slice(5)}` : ROW_CODES[code as NamedRowCode].text;
  return isTransient(code) ? `${text}; may succeed later` : text;
}

/** For pasting into a shell. */
function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
