/** Verify: a dataset is read back and compared with what was committed. */
import { resolveConfig } from '../../config/resolve.ts';
import type { StoreSettings } from '../../config/types.ts';
import { SUCCESS_FILE } from '../../dataset/seal/seal-dataset.ts';
import { type RecordTotals, TotalsSum } from '../../dataset/totals.ts';
import type { Finding, Findings } from '../../dataset/verify/findings.ts';
import { findingsOf } from '../../dataset/verify/verify-dataset.ts';
import { count, counted } from '../../format.ts';
import { clearingLine, isBeingCleared, type JobView } from '../../job/view/job-view.ts';
import { viewJob } from '../../job/view/view-job.ts';
import { nextCommand } from '../../next-command.ts';
import { type ComparedManifest, manifestRowsOf, manifestToCompare } from '../../run/manifest-rows.ts';
import { defineCommand } from '../args/define-command.ts';
import { type CliIo, EXIT, writeLines } from '../terminal/process.ts';

/** More findings than this are counted, not listed, unless --json asks for all. */
const LISTED = 50;

/** `verify`: every row once, every checksum right. */
export const verifyCommand = defineCommand({
  name: 'verify',
  summary:
    'Read a dataset back: every row once, every sample with its sha256, nothing that does not belong. Exit ' +
    'code 3 when something is off, or when the dataset is not finished.',
  usage: 'verify DEST [--input MANIFEST] [--json]',
  positionals: { least: 1, most: 1, words: 'one dataset: flow-dc verify DEST' },
  async run({ config, positionals }, io) {
    const dest = positionals[0] as string;
    const { json } = config;
    const { manifest, fetch, store } = resolveConfig(config, 'verify');
    if (config.input === undefined) return runVerify(dest, io, { json, store });
    const { inputs, format, limitRows, maxRecordBytes } = manifest;
    const given = { inputs, format, maxRecordBytes, ...(limitRows && { limitRows }) };
    const urlColumn = config.url === undefined ? {} : { urlColumn: config.url };
    const source = { stdin: io.stdin, signal: io.signal, remote: { network: fetch, store } };
    const compare = (job: JobView): Promise<ComparedManifest> =>
      manifestToCompare(job, { ...given, ...urlColumn }, source);
    return runVerify(dest, io, { json, store, compare });
  },
});

/** What is in an output, read back. */
export interface Verdict extends RecordTotals {
  readonly job: JobView;
  /** How a store is reached. */
  readonly store: StoreSettings | undefined;
  /** Sealed, with records: every row of the manifest was settled once. */
  readonly finished: boolean;
  /** As far as it is known. */
  readonly manifestRows: number | undefined;
  readonly findings: Findings;
}

export interface VerifyFlags {
  readonly json?: boolean | undefined;
  /** How a store is reached. */
  readonly store?: StoreSettings | undefined;
  /** Reads the manifest that the dataset is said to be of. */
  readonly compare?: ((job: JobView) => Promise<ComparedManifest>) | undefined;
}

/** Verify the dataset at `dest`; findings go to stdout, the verdict to stderr. Errors: those of viewJob. */
export async function runVerify(dest: string, io: CliIo, flags: VerifyFlags = {}): Promise<number> {
  const { json, store, compare } = flags;
  const job = await viewJob(dest, store);
  try {
    return await tellVerdict(await readBack(job, store, await compare?.(job)), io, json);
  } finally {
    await job.close();
  }
}

export async function readBack(job: JobView, store?: StoreSettings, compared?: ComparedManifest): Promise<Verdict> {
  const isSealed = (await job.files.final(SUCCESS_FILE).look()) !== undefined;
  const sum = new TotalsSum();
  const findings = await findingsOf(job.files, {
    readRecords: async function* (onDamaged) {
      for await (const record of job.decided.records(onDamaged)) {
        sum.add(record);
        yield record;
      }
    },
    urls: compared?.urls,
    sealFiles: job.sealed,
    unfinished: !isSealed,
  });
  for (const { name, problem } of compared?.changed ?? []) findings.add('input_changed', name, problem);
  const totals = sum.read();
  const finished = isSealed && totals.units > 0 && !findings.has('record_missing');
  const rows = compared?.urls.rows ?? (finished ? undefined : await manifestRowsOf(job));
  return { ...totals, job, store, finished, manifestRows: rows, findings };
}

/** @returns the exit code */
export async function tellVerdict(verdict: Verdict, io: CliIo, json = false): Promise<number> {
  const { job, store: _store, findings, finished, manifestRows, ...totals } = verdict;
  const all = findings.all();
  const result = { out: job.out, ...totals, finished, manifestRows, findings: all };
  writeLines(io.stdout, json ? [JSON.stringify(result)] : findingLines(all));
  writeLines(io.stderr, [...(await verdictLines(verdict)), ...adviceLines(verdict)]);
  const isWhole = finished && findings.count === 0 && !(await isBeingCleared(job));
  return isWhole ? EXIT.done : EXIT.result;
}

async function verdictLines({ job, store, findings, finished, manifestRows, ...totals }: Verdict): Promise<string[]> {
  const { rows, fetched, units } = totals;
  const what = `${counted(rows, 'row')} in ${counted(units, 'shard')}, ${counted(fetched, 'sample')}`;
  const found = `${counted(findings.count, 'finding')} in ${what}`;
  if (finished && (await isBeingCleared(job))) return [found, clearingLine(job.out)];
  if (finished) return [findings.count === 0 ? `verified: ${what}; every row once, every byte as committed` : found];
  const of = manifestRows === undefined ? '' : ` of ${count(manifestRows)}`;
  if (rows > 0 && rows === manifestRows && fetched === 0)
    return [`nothing fetched: all ${count(rows)} rows are settled; why: ${nextCommand('report', job.out, store)}`];
  if (await isBeingCleared(job)) return [`unfinished: ${clearingLine(job.out)}`];
  const mark = await job.mark();
  // Until its end, the records of a job on a server are there and not here.
  if (mark !== undefined && rows === 0)
    return [`unfinished: workers of job ${mark.job} write to it; how far they are: flow-dc status ${mark.job}`];
  return [
    `unfinished: ${count(rows)}${of} rows are settled; ${await whoGoesOn(job, store)}`,
    findings.count === 0 ? `what is there is right so far: ${what}, every byte as committed` : found,
    ...(await uploadLines(job)),
  ];
}

/** What a run that was killed had begun to upload: nobody sees it, and it is paid for. */
async function uploadLines({ files, mark, holder }: JobView): Promise<string[]> {
  if ((await mark()) !== undefined || (await holder()) !== undefined) return [];
  let open = 0;
  for await (const { kind } of files.leftovers()) if (kind === 'upload') open += 1;
  if (open === 0) return [];
  return [
    `${count(open)} ${open === 1 ? 'upload is' : 'uploads are'} neither finished nor given up: a resume does that`,
  ];
}

/** Who works on an unfinished job, or what to do when nobody does. */
async function whoGoesOn(
  { out, mark: readMark, holder: readHolder }: JobView,
  store: StoreSettings | undefined,
): Promise<string> {
  const mark = await readMark();
  if (mark !== undefined) return `workers of job ${mark.job} write to it: flow-dc status ${mark.job}`;
  const holder = await readHolder();
  if (holder !== undefined) return `process ${holder.pid} on ${holder.hostname} is at work on it`;
  return `go on with: ${nextCommand('resume', out, store)}`;
}

function adviceLines({ job, store, findings }: Verdict): string[] {
  const all = findings.all();
  const lines: string[] = [];
  if (findings.has('record_missing'))
    lines.push(`files without a record are part of the dataset: ${nextCommand('resume', job.out, store)} heals that`);
  if (findings.isMendable)
    lines.push(`to take what is wrong again, and that alone: ${nextCommand('repair', job.out, store)}`);
  if (findings.isOfOtherManifest)
    lines.push(
      'the dataset was not made of the manifest that was given, row by row: no repair changes that; what it lacks of ' +
        'that one is added by download with --extend',
    );
  if (all.some(({ code, where }) => code === 'stray' && !where.startsWith('staging/')))
    lines.push('a stray is never touched by flow-dc: move it away, or delete it');
  return lines;
}

function findingLines(findings: readonly Finding[]): string[] {
  const lines = findings.slice(0, LISTED).map(({ code, where, message }) => `${code}: ${where}: ${message}`);
  return findings.length > LISTED
    ? [...lines, `and ${count(findings.length - LISTED)} more (--json lists all)`]
    : lines;
}
