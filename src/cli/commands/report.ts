import { FlowDcError } from '../../errors.ts';
import { reportDataset } from '../../index.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { parseFlags } from '../flags.ts';
import { helpFor } from '../help.ts';
import { flowDcText, reportText } from '../report-text.ts';

/** `report`: what became of one or several downloads. */
export const reportCommand: Command = {
  name: 'report',
  summary:
    'Say what became of a download, finished or not: totals, rates, where the time went, hosts, errors with their likely cause. Several folders are added up.',
  usage: 'report DEST... [--json] [--flow-dc]',
  async run(argv, io) {
    const flags = parseFlags(argv, { command: 'report' });
    if (flags.help) {
      io.stdout.write(helpFor(reportCommand));
      return EXIT.done;
    }
    if (flags.positionals.length === 0)
      throw new FlowDcError('FDC_ERR_USAGE', 'report takes the folder of a download, or several: flow-dc report DEST');
    const { json, flow_dc: flowDc } = flags.config;
    const report = await reportDataset(flags.positionals);
    if (json === true) io.stdout.write(`${JSON.stringify(report)}\n`);
    else for (const line of [...reportText(report), ...(flowDc === true ? flowDcText(report) : [])]) io.stdout.write(`${line}\n`);
    return EXIT.done;
  },
};
