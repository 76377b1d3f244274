/** Estimate: ask for the size of a sample of the rows. */
import { resolveConfig } from '../../config/resolve.ts';
import { FlowDcError } from '../../errors.ts';
import { estimateManifest } from '../../index.ts';
import type { Command } from '../args/command.ts';
import { commandConfig } from '../args/command-config.ts';
import { parseFlags } from '../args/flags.ts';
import { helpFor } from '../args/help.ts';
import { estimateLines, estimateWarnings } from '../terminal/estimate-lines.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { createRowsLine } from '../terminal/rows-line.ts';

/** `estimate`: ask for the size of a sample of the rows. */
export const estimateCommand: Command = {
  name: 'estimate',
  summary:
    'Estimate what a download brings: bytes with a 95 % interval, failures, time. Asks for the size of a ' +
    'sample of the rows.',
  usage: 'estimate MANIFEST... [--sample N] [-o DEST] [--json] [options]',
  async run(argv, io) {
    const flags = parseFlags(argv, { command: 'estimate' });
    if (flags.help) {
      io.stdout.write(helpFor(estimateCommand));
      return EXIT.done;
    }
    const { config, notices } = await commandConfig(flags, io);
    const { manifest, fetch, paarc, run, sink } = resolveConfig(config, 'estimate');
    const { inputs, ...options } = manifest;
    if (inputs.length === 0)
      throw new FlowDcError('FDC_ERR_USAGE', 'estimate: name a manifest, or - for stdin: flow-dc estimate MANIFEST');
    for (const notice of notices) io.stderr.write(`${notice}\n`);
    const reading = createRowsLine(run.progress, io.stderr);
    const probing = createRowsLine(run.progress, io.stderr, { verb: 'probed' });
    try {
      const estimate = await estimateManifest(inputs, {
        manifest: options,
        fetch: { ...fetch, paarc },
        sampleRows: run.sampleRows,
        sampleSeed: run.sampleSeed,
        signal: io.signal,
        onRows: (rows, total) => reading.rows(rows, total),
        onProbes: (done, total) => {
          reading.close();
          probing.rows(done, total);
        },
        ...(isFolder(sink.output) ? { output: sink.output } : {}),
        ...(io.stdin === undefined ? {} : { stdin: io.stdin }),
      });
      probing.close();
      for (const line of estimateWarnings(estimate)) io.stderr.write(`${line}\n`);
      io.stdout.write(`${(run.json ? [JSON.stringify(estimate)] : estimateLines(estimate)).join('\n')}\n`);
      if (estimate.bytes !== undefined) return EXIT.done;
      io.stderr.write('no size could be learnt: see the failures above, or run it again with a larger --sample\n');
      return EXIT.result;
    } finally {
      reading.close();
      probing.close();
    }
  },
};

function isFolder(output: string | undefined): output is string {
  return output !== undefined && output !== '-' && output !== 'none:';
}
