/** Several outputs side by side, for a terminal. */
import { byteSize, count, duration, milliseconds, percent } from '../../format.ts';
import type { ComparedFigure, Comparison } from '../../report/compare.ts';
import { textTable } from './report-text.ts';

/** Above this a time is said as one of a run, below as one of a request. */
const OF_RUNS_MS = 60_000;

export function comparisonText({ outs, figures, codes, hosts }: Comparison): string[] {
  const heads = outs.map((_, at) => letterOf(at));
  const align = ['left', ...heads.map(() => 'right' as const)] as const;
  const table = (title: string, lines: readonly ComparedFigure[]): string[] =>
    lines.length === 0 ? [] : ['', `${title}:`, ...textTable([['', ...heads], ...lines.map(cellsOf)], align)];
  return [
    ...outs.map((out, at) => `${letterOf(at)}: ${out}`),
    ...table('figures', figures),
    ...table('rows that were not fetched, by code', codes),
    ...table('hosts that differ most, share of rows fetched', hosts),
  ];
}

/** A to Z, then numbers. */
function letterOf(at: number): string {
  return at < 26 ? String.fromCharCode(65 + at) : String(at + 1);
}

function cellsOf(figure: ComparedFigure): string[] {
  return [figure.name, ...figure.values.map((value) => cellOf(figure, value))];
}

function cellOf({ name, unit }: ComparedFigure, value: number | string | undefined): string {
  if (value === undefined) return '-';
  if (typeof value === 'string') return value;
  switch (unit) {
    case 'rows':
      return count(value);
    case 'share':
      return percent(value);
    case 'bytes':
      return byteSize(value);
    case 'ms':
      return name.startsWith('to ') && value < OF_RUNS_MS ? milliseconds(value) : duration(value);
    case 'rows/s':
      return value < 10 ? value.toFixed(1) : count(value);
    case 'bytes/s':
      return `${byteSize(value)}/s`;
    case 'text':
      return String(value);
  }
}
