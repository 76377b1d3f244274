/** Several outputs added up: the library's call. */
import { resolve } from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import { type RecordTotals, sumOf } from '../dataset/totals.ts';
import { parseDestination } from '../destination/destination-name.ts';
import { FlowDcError, isFlowDcError } from '../errors.ts';
import { viewJob } from '../job/view/view-job.ts';
import { placeWords } from '../next-command.ts';
import { shellQuoted } from '../shell-quoted.ts';
import type { S3Settings } from '../store/s3/settings.ts';
import { meansStore } from '../store/store-url.ts';
import { VERSION } from '../version.ts';
import { type AdviceContext, adviceFor, mayPass, meaningOf } from './advice.ts';
import { FlowDcTally } from './flow-dc-report.ts';
import { hostTerms } from './host-terms.ts';
import { Gaps, type ReadOutput, readOutput, type Sums } from './output-reader.ts';
import type { ErrorLine, Report } from './report.ts';
import { ratesOf } from './runs.ts';
import { Tally } from './tally.ts';

export interface ReportOptions {
  /** Hosts in each of the two tables. Default: 20. */
  readonly maxHosts?: number | undefined;
  readonly clock?: Clock | undefined;
  /** For outputs in an object store. Credentials come from the usual chain. */
  readonly store?: S3Settings | undefined;
}

/**
 * What became of one or several downloads, finished or not, added up. Reads what lies there and changes nothing.
 * Memory: some kilobytes per host up to 100,000 of them, and one shard's outcome table, of a store those of a few.
 * @param dests - output folders, or URLs of stores; a name that is given twice counts once
 * Errors: FDC_ERR_USAGE without a name, FDC_ERR_JOB_MISSING and FDC_ERR_DEST_IO when none of them can be read. Of
 * several outputs those that cannot be read are named in `gaps`, and so is everything else that is missing.
 */
export async function reportDataset(dests: string | readonly string[], options: ReportOptions = {}): Promise<Report> {
  const { store } = options;
  const outs = new Set((typeof dests === 'string' ? [dests] : dests).map(wholeName));
  if (outs.size === 0) throw new FlowDcError('FDC_ERR_USAGE', 'report: name at least one folder: flow-dc report DEST');
  const sums: Sums = { tally: new Tally(), flowDc: new FlowDcTally(), gaps: new Gaps() };
  const read: ReadOutput[] = [];
  let failure: unknown;
  for (const out of outs) {
    try {
      read.push(await readAt(out, sums, store));
    } catch (error) {
      if (!isFlowDcError(error)) throw error;
      failure ??= error;
      sums.gaps.add(`${out}: left out (${error.message})`);
    }
  }
  if (read.length === 0) throw failure;
  return reportOf(read, sums, options);
}

/** One name for one output. Errors: FDC_ERR_CONFIG_INVALID for a URL that is none. */
function wholeName(dest: string): string {
  const name = parseDestination(dest);
  return name.kind === 'store' ? name.url.name : resolve(dest);
}

async function readAt(out: string, sums: Sums, store: S3Settings | undefined): Promise<ReadOutput> {
  const job = await viewJob(out, store);
  try {
    return await readOutput(job, sums);
  } finally {
    await job.close();
  }
}

function reportOf(read: readonly ReadOutput[], { tally, flowDc, gaps }: Sums, options: ReportOptions): Report {
  const { maxHosts = 20, clock = systemClock } = options;
  const outputs = read.map(({ output }) => output);
  const totals = sumOf(outputs);
  const rates = ratesOf(
    totals,
    outputs.flatMap(({ runs }) => runs),
  );
  const complete = outputs.every((output) => output.complete);
  return {
    ...{ format: 'flow-dc-report-1', version: VERSION, generatedAtMs: clock.wallMs(), complete },
    ...totals,
    ...{ rates, outputs, time: tally.time(), latency: tally.latency() },
    hosts: {
      ...{ count: tally.hosts.count, isPartial: tally.hosts.isPartial },
      byRows: tally.hosts.byRows(maxHosts),
      byFailure: tally.hosts.byFailure(maxHosts),
      terms: hostTerms(
        tally.hosts.byRows(maxHosts),
        read.map(({ job }) => job.settings),
      ),
    },
    errorLines: errorLines(totals, contextOf(read, options.store)),
    flags: Object.fromEntries(tally.flags),
    gaps: gaps.all(),
    flowDc: flowDc.report(totals, { workedMs: rates.workedMs, complete, outs: outputs.map(({ out }) => out) }),
    plots: { time: tally.buckets.plot(), runs: read.flatMap(({ plot }) => (plot === undefined ? [] : [plot])) },
  };
}

function errorLines({ errors, rows: all }: RecordTotals, context: AdviceContext): ErrorLine[] {
  return Object.entries(errors).map(([code, rows]) => ({
    ...{ code, rows, share: all === 0 ? 0 : rows / all, isTransient: mayPass(code), meaning: meaningOf(code) },
    ...adviceFor(code, context),
  }));
}

/** Commands name the one job's own manifest where there is one; of several jobs it could be any. */
function contextOf(read: readonly ReadOutput[], store: S3Settings | undefined): AdviceContext {
  const [only] = read;
  if (only === undefined || read.length > 1) return { manifest: 'MANIFEST' };
  const inputs = only.job.settings.input;
  const isKnown = Array.isArray(inputs) && inputs.length > 0 && inputs.length <= 3 && !inputs.includes('-');
  const manifest = isKnown ? inputs.map((path) => shellQuoted(String(path))).join(' ') : 'MANIFEST';
  const objects = only.job.settings.allow_s3 === true;
  const out = placeWords(only.output.out, store);
  if (!only.output.complete) return { manifest, objects, unfinished: out };
  return { manifest, objects, finished: meansStore(only.output.out) ? undefined : out };
}
