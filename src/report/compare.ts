/** Several outputs side by side: what a run has made of the same or another manifest. */
import { FlowDcError } from '../errors.ts';
import type { Report } from './report.ts';
import { type ReportOptions, reportDataset } from './report-dataset.ts';

/** A figure of each output; undefined where it has none. */
export interface ComparedFigure {
  readonly name: string;
  readonly unit: 'rows' | 'share' | 'bytes' | 'ms' | 'rows/s' | 'bytes/s' | 'text';
  readonly values: readonly (number | string | undefined)[];
}

export interface Comparison {
  readonly format: 'flow-dc-comparison-1';
  readonly outs: readonly string[];
  readonly figures: readonly ComparedFigure[];
  /** Rows that were not fetched, by code; those with most rows first. */
  readonly codes: readonly ComparedFigure[];
  /** Hosts whose share of fetched rows differs most; of those that are among the largest of every output. */
  readonly hosts: readonly ComparedFigure[];
  readonly reports: readonly Report[];
}

/** Hosts looked at in each output, and shown. */
const [LOOKED_AT, SHOWN] = [2000, 10];
/** A difference below this says nothing. */
const LEAST_DIFFERENCE = 0.01;

/**
 * @param dests - two outputs and more
 * Errors: FDC_ERR_USAGE for fewer; those of `reportDataset`.
 */
export async function compareDatasets(dests: readonly string[], options: ReportOptions = {}): Promise<Comparison> {
  if (dests.length < 2) throw new FlowDcError('FDC_ERR_USAGE', 'report: --compare takes two outputs or more');
  const reports: Report[] = [];
  for (const dest of dests) reports.push(await reportDataset(dest, { ...options, maxHosts: LOOKED_AT }));
  return {
    format: 'flow-dc-comparison-1',
    outs: reports.map(({ outputs }) => outputs[0]?.out ?? ''),
    figures: figuresOf(reports),
    codes: codesOf(reports),
    hosts: hostsOf(reports),
    reports,
  };
}

function figuresOf(reports: readonly Report[]): ComparedFigure[] {
  const figure = (
    name: string,
    unit: ComparedFigure['unit'],
    pick: (report: Report) => number | string | undefined,
  ): ComparedFigure => ({ name, unit, values: reports.map(pick) });
  return [
    figure('rows', 'rows', ({ rows }) => rows),
    figure('fetched', 'share', ({ fetched, rows }) => shareOf(fetched, rows)),
    figure('failed', 'share', ({ failed, rows }) => shareOf(failed, rows)),
    figure('skipped', 'share', ({ skipped, rows }) => shareOf(skipped, rows)),
    figure('bytes', 'bytes', ({ bytes }) => bytes),
    figure('time worked', 'ms', ({ rates }) => rates.workedMs),
    figure('rows per second', 'rows/s', ({ rates }) => rates.rowsPerSecond),
    figure('bytes per second', 'bytes/s', ({ rates }) => rates.bytesPerSecond),
    figure('to headers, median', 'ms', ({ latency }) => latency.headers?.p50Ms),
    figure('to headers, 95 %', 'ms', ({ latency }) => latency.headers?.p95Ms),
    figure('to last byte, median', 'ms', ({ latency }) => latency.total?.p50Ms),
    figure('hosts', 'rows', ({ hosts }) => hosts.count),
    figure('held by the output', 'share', ({ rates }) => rates.heldShare),
    figure('held by host', 'text', ({ rates }) => rates.heldBy?.host),
    figure('for', 'ms', ({ rates }) => rates.heldBy?.ms),
    figure('finished', 'text', ({ complete }) => (complete ? 'yes' : 'no')),
  ].filter(({ values }) => values.some((value) => value !== undefined));
}

function codesOf(reports: readonly Report[]): ComparedFigure[] {
  const codes = new Set(reports.flatMap(({ errorLines }) => errorLines.map(({ code }) => code)));
  const rowsOf = ({ errorLines }: Report, code: string): number =>
    errorLines.find((line) => line.code === code)?.rows ?? 0;
  const lines = [...codes].map((code): ComparedFigure => {
    return { name: code, unit: 'rows', values: reports.map((report) => rowsOf(report, code)) };
  });
  return lines.sort((a, b) => mostOf(b) - mostOf(a));
}

function hostsOf(reports: readonly Report[]): ComparedFigure[] {
  const shares = reports.map(
    ({ hosts }) => new Map(hosts.byRows.map(({ host, fetched, rows }) => [host, shareOf(fetched, rows) ?? 0])),
  );
  const lines = [...(shares[0]?.keys() ?? [])].flatMap((host): ComparedFigure[] => {
    const values = shares.map((share) => share.get(host));
    return values.some((value) => value === undefined) ? [] : [{ name: host, unit: 'share', values }];
  });
  return lines
    .map((line) => ({ line, spread: mostOf(line) - leastOf(line) }))
    .filter(({ spread }) => spread >= LEAST_DIFFERENCE)
    .sort((a, b) => b.spread - a.spread)
    .slice(0, SHOWN)
    .map(({ line }) => line);
}

function shareOf(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole;
}

function mostOf({ values }: ComparedFigure): number {
  return Math.max(...values.map(Number));
}

function leastOf({ values }: ComparedFigure): number {
  return Math.min(...values.map(Number));
}
