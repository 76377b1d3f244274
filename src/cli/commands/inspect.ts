/** Inspect: look at a manifest before anything is fetched. */
import { resolveConfig } from '../../config/resolve.ts';
import { FlowDcError } from '../../errors.ts';
import { inspectManifest } from '../../index.ts';
import type { Command } from '../args/command.ts';
import { commandConfig } from '../args/command-config.ts';
import { parseFlags } from '../args/flags.ts';
import { helpFor } from '../args/help.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { inspectionLines } from '../terminal/inspection-lines.ts';
import { createRowsLine } from '../terminal/rows-line.ts';

/** `inspect`: look at a manifest before anything is fetched. */
export const inspectCommand: Command = {
  name: 'inspect',
  summary:
    'Say what is in a manifest: columns, hosts, repeated and bad URLs, labels, and what will hurt when it is ' +
    'downloaded.',
  usage: 'inspect MANIFEST... [--json] [options]',
  async run(argv, io) {
    const flags = parseFlags(argv, { command: 'inspect' });
    if (flags.help) {
      io.stdout.write(helpFor(inspectCommand));
      return EXIT.done;
    }
    const { config } = await commandConfig(flags, io);
    const { manifest, run } = resolveConfig(config, 'inspect');
    const { inputs, ...options } = manifest;
    if (inputs.length === 0)
      throw new FlowDcError('FDC_ERR_USAGE', 'inspect: name a manifest, or - for stdin: flow-dc inspect MANIFEST');
    const line = createRowsLine(run.progress, io.stderr);
    try {
      const inspection = await inspectManifest(inputs, {
        ...options,
        signal: io.signal,
        onRows: (rows, total) => line.rows(rows, total),
        ...(io.stdin === undefined ? {} : { stdin: io.stdin }),
      });
      line.close();
      const lines = run.json ? [JSON.stringify(inspection)] : inspectionLines(inspection);
      io.stdout.write(`${lines.join('\n')}\n`);
      return EXIT.done;
    } finally {
      line.close();
    }
  },
};
