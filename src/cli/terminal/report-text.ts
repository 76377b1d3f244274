/** Text of a report for a terminal, at most 110 columns wide, and the table that it and the demo print. */
import { byteSize, count, duration, milliseconds, percent } from '../../format.ts';
import type { HostLine, Quantiles, Report } from '../../index.ts';
import type { StoreReach } from '../../next-command.ts';
import { headLines } from '../../report/head-lines.ts';

/** Hosts shown of each table; all are in --json. */
const SHOWN_HOSTS = 20;

export function reportText(report: Report, reach?: StoreReach): string[] {
  const { outputs, hosts } = report;
  const runs = outputs.flatMap((output) => output.runs);
  return [
    ...headLines({ ...report, outs: outputs.map(({ out }) => out), runs, reach, upload: outputs[0]?.upload }),
    ...outputLines(report),
    ...section('time of all rows together (under way side by side)', timeLines(report)),
    ...section('latency', [
      ...latencyLine('to headers', report.latency.headers),
      ...latencyLine('to last byte', report.latency.total),
    ]),
    ...section(
      `hosts by rows (${hosts.isPartial ? 'more than ' : ''}${count(hosts.count)} in all)`,
      hostTable(hosts.byRows),
    ),
    ...section('rules for hosts', termLines(report)),
    ...section('hosts by failed rows', hostTable(hosts.byFailure)),
    ...section('why, and what to do', errorLines(report)),
    ...section(
      'flags',
      Object.entries(report.flags).map(([flag, rows]) => `${count(rows).padStart(9)}  ${flag}`),
    ),
    ...section('missing in this report', report.gaps),
  ];
}

/** FLOW-DC's own report, in its words. */
export function flowDcText({ flowDc: { run_stats: stats } }: Report): string[] {
  const { taskvine_stats: run, download_stats: sum, partition_stats: parts } = stats;
  const spread = ({ min, max, avg }: { min: number; max: number; avg: number }, unit: string): string =>
    `min=${min.toFixed(2)}${unit}, max=${max.toFixed(2)}${unit}, avg=${avg.toFixed(2)}${unit}`;
  return [
    ...['', 'FLOW-DC RUN SUMMARY (MB = 10^6, TB = 10^12 bytes; times in UTC)'],
    `  Output:            ${stats.run_info.output_directory.join(', ')}`,
    `  Run:               ${run.run_start ?? '-'} to ${run.run_end ?? '-'}`,
    `  Duration:          ${run.total_wall_time_human}`,
    `  Tasks completed:   ${count(run.tasks_completed)}`,
    `  Peak workers:      ${count(run.peak_workers)}`,
    `  Total transferred: ${run.bytes_received_TB.toFixed(6)} TB`,
    ...['', 'DOWNLOAD STATISTICS'],
    `  Total URLs:        ${count(sum.total_urls)}`,
    `  Successful:        ${count(sum.successful_downloads)} (${sum.success_rate_percent.toFixed(2)}%)`,
    `  Failed:            ${count(sum.failed_downloads)} ` +
      `(${(sum.total_urls === 0 ? 0 : 100 - sum.success_rate_percent).toFixed(2)}%)`,
    `  Total downloaded:  ${sum.total_downloaded_TB.toFixed(6)} TB`,
    `  Throughput:        ${sum.effective_throughput_MBps.toFixed(2)} MB/s`,
    ...(stats.error_breakdown.length === 0 ? [] : ['', 'ERROR BREAKDOWN']),
    ...stats.error_breakdown.map(({ error, count: rows }) => `  ${error.padEnd(60)} ${count(rows)}`),
    ...['', 'PARTITION PERFORMANCE'],
    `  Partitions:        ${count(parts.count)}`,
    `  Success rate:      ${spread(parts.success_rate, '%')}`,
    `  Throughput:        ${spread(parts.throughput_MBps, ' MB/s')}`,
  ];
}

function outputLines({ outputs }: Report): string[] {
  if (outputs.length < 2) return [];
  const width = Math.min(60, Math.max(...outputs.map(({ out }) => out.length)));
  const lines = outputs.map(({ out, complete, fetched, rows, bytes, rates, runs }) => {
    const done = complete ? '' : ', unfinished: flow-dc resume goes on';
    return (
      `  ${out.padEnd(width)}  ${count(fetched)} of ${count(rows)} rows, ${byteSize(bytes)}, ` +
      `${duration(rates.workedMs)} in ${count(runs.length)} ${runs.length === 1 ? 'run' : 'runs'}${done}`
    );
  });
  return section(`${count(outputs.length)} outputs`, lines);
}

function timeLines({ time: { ms: parts, shards, rows }, units }: Report): string[] {
  if (parts === undefined) return units === 0 ? [] : ['  not measured: the shards were written by an earlier version'];
  const whole = Object.values(parts).reduce((sum, part) => sum + part, 0);
  const lines = Object.entries(parts).map(
    ([part, value]) =>
      `  ${part.padEnd(8)} ${duration(value).padStart(14)}  ` +
      `${percent(whole === 0 ? 0 : value / whole).padStart(7)}  ` +
      `${ms(rows === 0 ? 0 : value / rows).padStart(8)} per row`,
  );
  return shards === units
    ? lines
    : [...lines, `  of ${count(shards)} of ${count(units)} shards; the others were not measured`];
}

function latencyLine(name: string, quantiles: Quantiles | undefined): string[] {
  if (quantiles === undefined) return [];
  const { rows, p50Ms, p95Ms, p99Ms, maxMs } = quantiles;
  return [
    `  ${name.padEnd(13)} p50 ${ms(p50Ms)}, p95 ${ms(p95Ms)}, p99 ${ms(p99Ms)}, longest ${ms(maxMs)} ` +
      `(${count(rows)} rows)`,
  ];
}

function hostTable(hosts: readonly HostLine[]): string[] {
  if (hosts.length === 0) return [];
  const cells = hosts.slice(0, SHOWN_HOSTS).map((host) => {
    const name = host.host.length > 40 ? `${host.host.slice(0, 39)}…` : host.host;
    const { rows, fetched, failed, bytes, p50Ms, p95Ms, topError = '' } = host;
    return [name, count(rows), count(fetched), count(failed), byteSize(bytes), ms(p50Ms), ms(p95Ms), topError];
  });
  return textTable(
    [['host', 'rows', 'fetched', 'failed', 'bytes', 'p50', 'p95', 'top error'], ...cells],
    ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'left'],
  );
}

function termLines({ hosts: { terms } }: Report): string[] {
  return terms.map(({ host, rule, asks }) => {
    const said = [rule, asks === undefined ? undefined : `it asks for ${asks}`].filter((words) => words !== undefined);
    return `  ${host}: ${said.join('; ')}`;
  });
}

function errorLines({ errorLines: errors }: Report): string[] {
  return errors.flatMap(({ code, rows, cause, next }) => [
    `  ${code} (${count(rows)}): ${cause}`,
    ...(next === undefined ? [] : [`      ${next}`]),
  ]);
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines];
}

function ms(value: number | undefined): string {
  return value === undefined ? '-' : milliseconds(value);
}

/** Rows as lines of columns for a terminal, indented by two; every column as wide as its widest cell. */
export function textTable(rows: readonly (readonly string[])[], align: readonly ('left' | 'right')[]): string[] {
  const widths = align.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      align[column] === 'right' ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    );
    return `  ${cells.join('  ').trimEnd()}`;
  });
}
