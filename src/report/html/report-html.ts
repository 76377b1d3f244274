/** A report as one page that needs nothing else. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Report } from '../report.ts';
import { escapeHtml, scriptJson } from './markup.ts';
import { pageBody } from './sections.ts';

/** Outputs whose in-flight requests are drawn; each has up to nine plots. */
const DRAWN_OUTPUTS = 4;

/**
 * A report as one HTML page that needs nothing else, and may load nothing else: style, data, plot library and script
 * are in it, and its policy forbids every other. About 100 kB, and up to 250 kB more per output that is drawn.
 */
export async function reportHtml(report: Report): Promise<string> {
  const require = createRequire(import.meta.url);
  const [page, common, style, plotScript, plotLibrary, plotStyle] = await Promise.all(
    [
      new URL('./page.html', import.meta.url),
      new URL('./common.css', import.meta.url),
      new URL('./page.css', import.meta.url),
      new URL('./plots.js', import.meta.url),
      require.resolve('uplot/dist/uPlot.iife.min.js'),
      require.resolve('uplot/dist/uPlot.min.css'),
    ].map((path) => readFile(path, 'utf8')),
  );
  const runs = report.plots.runs.slice(0, DRAWN_OUTPUTS);
  const parts: Readonly<Record<string, string>> = {
    ...{
      common: common ?? '',
      style: style ?? '',
      plotScript: plotScript ?? '',
      plotLibrary: plotLibrary ?? '',
      plotStyle: plotStyle ?? '',
    },
    title: escapeHtml(`Download report: ${report.outputs.map(({ out }) => out).join(', ')}`),
    scriptHashes: [plotLibrary, plotScript].map((script) => `'sha256-${hashOf(script ?? '')}'`).join(' '),
    body: pageBody(report, runs).text,
    data: scriptJson({ time: report.plots.time, runs }),
  };
  // A function, or `$&` in a host's name would be taken for a command.
  return (page ?? '').replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name] ?? '');
}

function hashOf(script: string): string {
  return createHash('sha256').update(script).digest('base64');
}
