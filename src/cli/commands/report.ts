/** Report: what became of one or several downloads, as text, JSON or a page. */
import { writeFile } from 'node:fs/promises';
import { resolveConfig } from '../../config/resolve.ts';
import { FlowDcError } from '../../errors.ts';
import { compareDatasets } from '../../report/compare.ts';
import { reportHtml } from '../../report/html/report-html.ts';
import type { Report } from '../../report/report.ts';
import { reportDataset } from '../../report/report-dataset.ts';
import { defineCommand } from '../args/define-command.ts';
import { comparisonText } from '../terminal/comparison-text.ts';
import { EXIT, writeLines } from '../terminal/process.ts';
import { flowDcText, reportText } from '../terminal/report-text.ts';

/** `report`: what became of one or several downloads. */
export const reportCommand = defineCommand({
  name: 'report',
  summary:
    'Say what became of a download, finished or not: totals, rates, where the time went, hosts, errors with ' +
    'their likely cause. Several outputs are added up, or with --compare put side by side.',
  usage: 'report DEST... [--compare] [--json] [--html FILE] [--flow-dc] | report DEST --duplicates [-o FILE]',
  positionals: {
    least: 1,
    most: Number.POSITIVE_INFINITY,
    words: 'the output of a download, or several: flow-dc report DEST',
  },
  async run({ config, positionals }, io) {
    const { json, html, flow_dc: flowDc, compare } = config;
    const { store } = resolveConfig(config, 'report');
    const { duplicates, near_duplicates: near = false, output: path } = config;
    if (duplicates === true || near) {
      // Loaded only for this.
      const { reportDuplicates } = await import('./duplicates.ts');
      return reportDuplicates({ dests: positionals, near, path, json: json === true, store }, io);
    }
    if (path !== undefined)
      throw new FlowDcError('FDC_ERR_USAGE', 'report: -o is the table of --duplicates; a page is written by --html');
    if (compare === true) {
      if (html !== undefined)
        throw new FlowDcError('FDC_ERR_USAGE', 'report: --compare prints text or --json, no page');
      const comparison = await compareDatasets(positionals, { store });
      writeLines(io.stdout, json === true ? [JSON.stringify(comparison)] : comparisonText(comparison));
      return EXIT.done;
    }
    const report = await reportDataset(positionals, { store });
    if (html !== undefined) await writePage(html, report);
    const text = (): string[] => [...reportText(report, store), ...(flowDc === true ? flowDcText(report) : [])];
    writeLines(io.stdout, json === true ? [JSON.stringify(report)] : text());
    return EXIT.done;
  },
});

/** Errors: FDC_ERR_DEST_UNWRITABLE. */
async function writePage(file: string, report: Report): Promise<void> {
  const page = await reportHtml(report);
  await writeFile(file, page).catch((cause: NodeJS.ErrnoException) => {
    throw new FlowDcError(
      'FDC_ERR_DEST_UNWRITABLE',
      `${file}: the page cannot be written there (${cause.code}); give another file with --html`,
      { cause },
    );
  });
}
