/** Verify: a dataset is read back and compared with what was committed. */

import { totalOf } from '../../dataset/totals.ts';
import { count } from '../../format.ts';
import { type Finding, readManifestInfo, verifyDataset } from '../../index.ts';
import { readJob } from '../../job/job-folder.ts';
import { createLocalCommitter } from '../../job/local-committer.ts';
import { defineCommand } from '../args/define-command.ts';
import { type CliIo, EXIT, writeLines } from '../terminal/process.ts';

/** More findings than this are counted, not listed, unless --json asks for all. */
const LISTED = 50;

/** `verify`: every row once, every checksum right. */
export const verifyCommand = defineCommand({
  name: 'verify',
  summary:
    'Read a dataset back: every row once, every sample with its sha256, nothing that does not belong. Exit ' +
    'code 3 when something is off.',
  usage: 'verify DEST [--input MANIFEST] [--json]',
  positionals: { least: 1, most: 1, words: 'one folder: flow-dc verify DEST' },
  async run({ config: { input, json }, positionals }, io) {
    const manifest = input === undefined ? undefined : await readManifestInfo(input);
    return runVerify(positionals[0] as string, io, { json, manifestRows: manifest?.rows });
  },
});

/** Verify the dataset in `folder`; findings go to stdout, the verdict to stderr. */
export async function runVerify(
  folder: string,
  io: CliIo,
  {
    json = false,
    manifestRows,
  }: { readonly json?: boolean | undefined; readonly manifestRows?: number | undefined } = {},
): Promise<number> {
  const job = await readJob(folder);
  const committer = createLocalCommitter(job.paths.state);
  const totals = await totalOf(committer.records());
  const findings = await verifyDataset(job.out, {
    readRecords: () => committer.records(),
    manifestRows,
  });
  writeLines(io.stdout, json ? [JSON.stringify({ out: job.out, ...totals, findings })] : findingLines(findings));
  const what = `${count(totals.rows)} rows in ${count(totals.units)} shards, ${count(totals.stored)} samples`;
  const verdict =
    findings.length === 0
      ? `verified: ${what}; every row once, every byte as committed`
      : `${count(findings.length)} findings in ${what}`;
  writeLines(io.stderr, [verdict]);
  return findings.length === 0 ? EXIT.done : EXIT.result;
}

function findingLines(findings: readonly Finding[]): string[] {
  const lines = findings.slice(0, LISTED).map(({ code, where, message }) => `${code}: ${where}: ${message}`);
  return findings.length > LISTED
    ? [...lines, `and ${count(findings.length - LISTED)} more (--json lists all)`]
    : lines;
}
