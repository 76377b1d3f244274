/** Verify: every row once, every checksum right. */
import { totalOf } from '../../dataset/totals.ts';
import { FlowDcError } from '../../errors.ts';
import { count } from '../../format.ts';
import { type Finding, readManifestInfo, verifyDataset } from '../../index.ts';
import { readJob } from '../../job/job-folder.ts';
import { createLocalCommitter } from '../../job/local-committer.ts';
import type { CliIo, Command } from '../args/command.ts';
import { parseFlags } from '../args/flags.ts';
import { helpFor } from '../args/help.ts';
import { EXIT } from '../terminal/exit-codes.ts';

/** More findings than this are counted, not listed, unless --json asks for all. */
const LISTED = 50;

/** `verify`: read a dataset back and compare it with what was committed. */
export const verifyCommand: Command = {
  name: 'verify',
  summary:
    'Read a dataset back: every row once, every sample with its sha256, nothing that does not belong. Exit ' +
    'code 3 when something is off.',
  usage: 'verify DEST [--input MANIFEST] [--json]',
  async run(argv, io) {
    const flags = parseFlags(argv, { command: 'verify' });
    if (flags.help) {
      io.stdout.write(helpFor(verifyCommand));
      return EXIT.done;
    }
    const [out, ...rest] = flags.positionals;
    if (out === undefined || rest.length > 0)
      throw new FlowDcError('FDC_ERR_USAGE', 'verify takes one folder: flow-dc verify DEST');
    const { input, json } = flags.config;
    const manifest = input === undefined ? undefined : await readManifestInfo(input);
    return runVerify(out, io, {
      json: json === true,
      ...(manifest?.rows === undefined ? {} : { manifestRows: manifest.rows }),
    });
  },
};

/** Verify the dataset in `folder`; findings go to stdout, the verdict to stderr. */
export async function runVerify(
  folder: string,
  io: CliIo,
  options: { readonly json?: boolean; readonly manifestRows?: number } = {},
): Promise<number> {
  const job = await readJob(folder);
  const committer = createLocalCommitter(job.paths.state);
  const totals = await totalOf(committer.records());
  const findings = await verifyDataset(job.out, {
    readRecords: () => committer.records(),
    ...(options.manifestRows === undefined ? {} : { manifestRows: options.manifestRows }),
  });
  if (options.json === true) io.stdout.write(`${JSON.stringify({ out: job.out, ...totals, findings })}\n`);
  else for (const line of findingLines(findings)) io.stdout.write(`${line}\n`);
  const what = `${count(totals.rows)} rows in ${count(totals.units)} shards, ${count(totals.stored)} samples`;
  const verdict =
    findings.length === 0
      ? `verified: ${what}; every row once, every byte as committed`
      : `${count(findings.length)} findings in ${what}`;
  io.stderr.write(`${verdict}\n`);
  return findings.length === 0 ? EXIT.done : EXIT.result;
}

function findingLines(findings: readonly Finding[]): string[] {
  const lines = findings.slice(0, LISTED).map(({ code, where, message }) => `${code}: ${where}: ${message}`);
  return findings.length > LISTED
    ? [...lines, `and ${count(findings.length - LISTED)} more (--json lists all)`]
    : lines;
}
