/** Inspect and estimate: a look at a manifest before it is downloaded. */
import { resolveConfig } from '../../config/resolve.ts';
import { parseDestination } from '../../destination/destination-name.ts';
import { estimateManifest } from '../../estimate/estimate-manifest.ts';
import { inspectManifest } from '../../inspect/inspect-manifest.ts';
import { commandConfig, requireManifest } from '../args/command-config.ts';
import { defineCommand } from '../args/define-command.ts';
import { estimateLines, estimateWarnings } from '../terminal/estimate-lines.ts';
import { hostTerms, inspectionLines } from '../terminal/inspection-lines.ts';
import { EXIT, writeLines } from '../terminal/process.ts';
import { createRowsLine } from '../terminal/progress.ts';

/** `inspect`: what is in a manifest; nothing is fetched. */
export const inspectCommand = defineCommand({
  name: 'inspect',
  summary:
    'Say what is in a manifest: columns, hosts, repeated and bad URLs, labels, and what will hurt when it is ' +
    'downloaded.',
  usage: 'inspect MANIFEST... [--json] [options]',
  async run(flags, io) {
    const resolved = resolveConfig((await commandConfig(flags, io)).config, 'inspect');
    requireManifest('inspect', resolved, io, 'MANIFEST');
    const { inputs, ...manifest } = resolved.manifest;
    const reading = createRowsLine(resolved.run.progress, io.stderr);
    try {
      const inspection = await inspectManifest(inputs, {
        ...manifest,
        remote: { network: resolved.fetch, store: resolved.store },
        allowS3: resolved.fetch.allowS3,
        stdin: io.stdin,
        signal: io.signal,
        onRows: (rows, total) => reading.rows(rows, total),
      });
      reading.close();
      const terms = hostTerms(inspection, resolved.fetch);
      const json = (): string => JSON.stringify({ ...inspection, hostTerms: terms });
      writeLines(io.stdout, resolved.run.json ? [json()] : inspectionLines(inspection, terms));
      return EXIT.done;
    } finally {
      reading.close();
    }
  },
});

/** `estimate`: ask for the size of a sample of the rows. */
export const estimateCommand = defineCommand({
  name: 'estimate',
  summary:
    'Estimate what a download brings: bytes with a 95 % interval, failures, time. Asks for the size of a ' +
    'sample of the rows.',
  usage: 'estimate MANIFEST... [--sample N] [-o DEST] [--json] [options]',
  async run(flags, io) {
    const { config, notices } = await commandConfig(flags, io);
    const resolved = resolveConfig(config, 'estimate');
    requireManifest('estimate', resolved, io, 'MANIFEST');
    writeLines(io.stderr, notices);
    const { fetch, paarc, run, sink, store } = resolved;
    const { inputs, ...manifest } = resolved.manifest;
    const reading = createRowsLine(run.progress, io.stderr);
    const probing = createRowsLine(run.progress, io.stderr, 'probed');
    try {
      const estimate = await estimateManifest(inputs, {
        manifest,
        fetch: { ...fetch, paarc, store },
        sampleRows: run.sampleRows,
        sampleSeed: run.sampleSeed,
        output: folderMeant(sink.output),
        stdin: io.stdin,
        signal: io.signal,
        onRows: (rows, total) => reading.rows(rows, total),
        onProbes: (done, total) => {
          reading.close();
          probing.rows(done, total);
        },
      });
      probing.close();
      writeLines(io.stderr, estimateWarnings(estimate));
      writeLines(io.stdout, run.json ? [JSON.stringify(estimate)] : estimateLines(estimate));
      if (estimate.bytes !== undefined) return EXIT.done;
      writeLines(io.stderr, [
        'no size could be learnt: see the failures above, or run it again with a larger --sample',
      ]);
      return EXIT.result;
    } finally {
      reading.close();
      probing.close();
    }
  },
});

/** Room on a disk matters for a folder alone. */
function folderMeant(output: string | undefined): string | undefined {
  return output !== undefined && parseDestination(output).kind === 'folder' ? output : undefined;
}
