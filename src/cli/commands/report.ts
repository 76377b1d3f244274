/** Report: what became of downloads. */
import { writeFile } from 'node:fs/promises';
import { FlowDcError } from '../../errors.ts';
import { type Report, reportDataset, reportHtml } from '../../index.ts';
import type { Command } from '../args/command.ts';
import { parseFlags } from '../args/flags.ts';
import { helpFor } from '../args/help.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { flowDcText, reportText } from '../terminal/report-text.ts';

/** `report`: what became of one or several downloads. */
export const reportCommand: Command = {
  name: 'report',
  summary:
    'Say what became of a download, finished or not: totals, rates, where the time went, hosts, errors with ' +
    'their likely cause. Several folders are added up.',
  usage: 'report DEST... [--json] [--html FILE] [--flow-dc]',
  async run(argv, io) {
    const flags = parseFlags(argv, { command: 'report' });
    if (flags.help) {
      io.stdout.write(helpFor(reportCommand));
      return EXIT.done;
    }
    if (flags.positionals.length === 0)
      throw new FlowDcError('FDC_ERR_USAGE', 'report takes the folder of a download, or several: flow-dc report DEST');
    const { json, html, flow_dc: flowDc } = flags.config;
    const report = await reportDataset(flags.positionals);
    if (html !== undefined) await writePage(html, report);
    if (json === true) io.stdout.write(`${JSON.stringify(report)}\n`);
    else
      for (const line of [...reportText(report), ...(flowDc === true ? flowDcText(report) : [])])
        io.stdout.write(`${line}\n`);
    return EXIT.done;
  },
};

/** Errors: FDC_ERR_DEST_UNWRITABLE. */
async function writePage(file: string, report: Report): Promise<void> {
  const page = await reportHtml(report);
  await writeFile(file, page).catch((cause: NodeJS.ErrnoException) => {
    throw new FlowDcError(
      'FDC_ERR_DEST_UNWRITABLE',
      `${file}: the page cannot be written there (${cause.code}); give another file with --html`,
      {
        cause,
      },
    );
  });
}
