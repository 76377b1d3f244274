/** overview.json: a finished dataset in numbers, under FLOW-DC's keys. */
import type { Schema } from 'apache-arrow';
import { ROW_CODES } from '../../row-codes.ts';
import type { RecordTotals } from '../totals.ts';

/** What the records do not know about a finished dataset. */
export interface SealInfo {
  /** Of flow-dc. */
  readonly version: string;
  readonly outputFormat: 'webdataset' | 'imagefolder' | 'parquet';
  readonly createTar: boolean;
  /** Whether what Megatron-Energon looks for is written beside the shards. */
  readonly energon?: boolean | undefined;
  /** Whose names and columns files have, when not ours. */
  readonly compat?: 'img2dataset' | undefined;
  readonly compressTar: boolean;
  /** Extensions that samples are likely to have, where the records do not say. */
  readonly imageExtensions: readonly string[];
  /** Of the manifest, with its roles. */
  readonly schema: Schema;
  /** The number of its class is beside every sample. */
  readonly cls: boolean;
  /** Classes that somebody gave numbers. */
  readonly classes: readonly string[];
  /** Of rows without a label, in folders. */
  readonly nullLabel: string;
  readonly createOverview: boolean;
  /** Manifests with what identifies their content (a hash, a size). */
  readonly inputs: readonly { readonly name: string; readonly identity: string }[];
  /** Settings in FLOW-DC's names, without credentials: `script_inputs` of the overview. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Wall clock of the first run's start and of now. */
  readonly startedAtMs: number;
  readonly sealedAtMs: number;
  /** Time spent working, over all runs. */
  readonly elapsedMs: number;
  /** Whether any run was stopped by a signal. */
  readonly interrupted: boolean;
  /** Sentences for the card about what a user of the data should know, such as checks that were switched off. */
  readonly notes: readonly string[];
}

/** FLOW-DC's overview.json under its own keys; MB are 10^6 bytes throughout. */
export function overviewJson(totals: RecordTotals, info: SealInfo, destination: string): string {
  const { elapsedMs, interrupted } = info;
  const overview = {
    flow_dc_version: info.version,
    script_inputs: info.settings,
    summary: overviewSummary(totals, { elapsedMs, interrupted, tarPath: info.createTar ? destination : null }),
    error_breakdown: errorBreakdown(totals),
    timestamp_local: localTime(info.sealedAtMs),
    timestamp_utc: new Date(info.sealedAtMs).toISOString(),
  };
  return `${JSON.stringify(overview, undefined, 2)}\n`;
}

/** The overview's `summary`. */
export function overviewSummary(
  totals: RecordTotals,
  run: { readonly elapsedMs: number; readonly interrupted: boolean; readonly tarPath: string | null },
) {
  const seconds = run.elapsedMs / 1000;
  const megabytes = totals.bytes / 1e6;
  return {
    total_urls: totals.rows,
    successful_downloads: totals.fetched,
    failed_downloads: totals.failed + totals.skipped,
    success_rate_percent: percent(totals.fetched, totals.rows),
    downloaded_mb: rounded(megabytes, 3),
    elapsed_sec: rounded(seconds, 3),
    avg_speed_MBps: seconds > 0 ? rounded(megabytes / seconds, 3) : 0,
    shutdown_requested: run.interrupted,
    tar_path: run.tarPath,
    shards: totals.units,
    skipped_downloads: totals.skipped,
  };
}

/** The overview's `error_breakdown`. */
export function errorBreakdown({ errors }: RecordTotals) {
  return Object.entries(errors).map(([code, count]) => ({
    status_code: statusOf(code),
    error: textOf(code),
    code,
    count,
  }));
}

export function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : rounded((part / whole) * 100, 2);
}

/** What a code means, in words. */
export function textOf(code: string): string {
  const status = statusOf(code);
  if (status !== null) return `final HTTP status ${status}`;
  return Object.hasOwn(ROW_CODES, code) ? ROW_CODES[code as keyof typeof ROW_CODES].text : code;
}

function statusOf(code: string): number | null {
  const status = /^http_(\d{3})$/.exec(code)?.[1];
  return status === undefined ? null : Number(status);
}

/** `2026-01-02T03:04:05` in the machine's own time zone. */
function localTime(wallMs: number): string {
  const shift = new Date(wallMs).getTimezoneOffset() * 60_000;
  return new Date(wallMs - shift).toISOString().slice(0, 19);
}

export function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
