/**
 * The head of a report, which is also what a run says at its end: what was fetched, what was not and why, how long it
 * took.
 */

import type { RecordTotals } from '../dataset/totals.ts';
import { STDOUT_NAME } from '../destination/stream-destination.ts';
import { byteSize, count, duration, percent } from '../format.ts';
import { heldBy, heldShare, type RunSpan, workedMs } from '../job/timeline.ts';
import { nextCommand, type StoreReach } from '../next-command.ts';
import { meansStore } from '../store/store-url.ts';
import { meaningOf } from './advice.ts';

export interface Head extends RecordTotals {
  readonly complete: boolean;
  /** Folders, `none:` or `-`. */
  readonly outs: readonly string[];
  readonly runs: readonly RunSpan[];
  /** How an output in a store was reached. */
  readonly reach?: StoreReach | undefined;
  /** What uploads the shards and where to, for messages. */
  readonly upload?: string | undefined;
}

/** More codes than this are in the outcome tables. */
const MAX_CODES = 12;

export function headLines(head: Head): string[] {
  const { rows, fetched, bytes, units, complete, runs, outs, reach, upload } = head;
  const [out] = outs;
  const shards = out === STDOUT_NAME ? 'one tar' : `${count(units)} ${units === 1 ? 'shard' : 'shards'}`;
  const share = percent(rows === 0 ? 0 : fetched / rows);
  const next =
    out === undefined || out === 'none:' || out === STDOUT_NAME || outs.length > 1
      ? []
      : [`output: ${out}`, `next: ${nextCommand(complete ? 'verify' : 'resume', out, reach)}`];
  const fetchedOf =
    rows === 0 && !complete
      ? 'no shard is done yet'
      : `${count(fetched)} of ${count(rows)} ${complete ? '' : 'settled '}rows fetched (${share}), ${byteSize(bytes)} in ${shards}`;
  return [
    `${complete ? 'done' : 'unfinished'}: ${fetchedOf}`,
    ...codeLines(head),
    ...timeLine(rows, bytes, runs),
    ...heldLine(outs, heldShare(runs), upload),
    ...holderLine(workedMs(runs), heldBy(runs)),
    ...next,
  ];
}

/** What was not fetched, by code, most frequent first. */
export function codeLines({ failed, skipped, errors }: RecordTotals): string[] {
  const all = Object.entries(errors);
  const lines = all
    .slice(0, MAX_CODES)
    .map(([code, rows]) => `  ${count(rows).padStart(9)}  ${code.padEnd(18)} ${meaningOf(code)}`);
  if (all.length > MAX_CODES)
    lines.push(`  ${count(all.length - MAX_CODES).padStart(9)}  more codes, see the outcome tables`);
  return failed + skipped === 0 ? [] : [`not fetched: ${count(failed)} failed, ${count(skipped)} skipped`, ...lines];
}

function timeLine(rows: number, bytes: number, runs: readonly RunSpan[]): string[] {
  const ms = workedMs(runs);
  if (ms <= 0) return [];
  const spread = runs.length > 1 ? ` in ${count(runs.length)} runs` : '';
  return [`time: ${duration(ms)}${spread}, ${count((rows * 1000) / ms)} rows/s, ${byteSize((bytes * 1000) / ms)}/s`];
}

/** Below this share of the time an output, or a host, is not what a run waits for. Chosen. */
const HELD_SHARE = 0.1;

/** What a run waited for, where that was its output. */
export function heldLine(outs: readonly string[], share = 0, upload?: string): string[] {
  if (share < HELD_SHARE) return [];
  return [`held: ${percent(share)} of the time nothing was sent: ${slowest(outs, upload)} is slower than the network`];
}

/** The host that a run waited for alone, where that was long. */
export function holderLine(ms: number, holder?: { readonly host: string; readonly ms: number }): string[] {
  if (holder === undefined || holder.ms < HELD_SHARE * ms) return [];
  return [`held by host ${holder.host}: ${duration(holder.ms)} of ${duration(ms)} (nearly all rows waited for it)`];
}

function slowest(outs: readonly string[], upload?: string): string {
  const [out = ''] = outs;
  if (outs.length !== 1) return 'the output';
  // What is staged on a disk waits for its upload.
  if (upload !== undefined) return upload;
  if (out === STDOUT_NAME) return 'whoever reads stdout';
  return meansStore(out) ? `the store ${out}` : `the disk of ${out}`;
}
