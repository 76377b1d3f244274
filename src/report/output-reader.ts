/** Reads one output folder: records, stats files, outcome tables, timeline. One unit at a time. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { outcomeRows } from '../dataset/outcome-rows.ts';
import { SUCCESS_FILE } from '../dataset/seal/seal-dataset.ts';
import { parseStats, STATS_SUFFIX, type UnitStats } from '../dataset/stats-file.ts';
import { totalOf } from '../dataset/totals.ts';
import { type FolderPaths, finalPath } from '../destination/folder-layout.ts';
import { type Job, readJob } from '../job/job-folder.ts';
import { createLocalCommitter } from '../job/local-committer.ts';
import { readRunSpans } from '../job/timeline.ts';
import type { Artifact, UnitRecord } from '../record.ts';
import type { FlowDcTally } from './flow-dc-report.ts';
import { type RunPlot, readRunPlot } from './plots.ts';
import type { OutputReport } from './report.ts';
import { allRuns, ratesOf, SpanUnion } from './runs.ts';
import type { Tally } from './tally.ts';

/** More would fill a screen, or the memory, when a whole folder is gone. */
const LISTED = 20;

const NO_TIMELINE = 'not there; runs and their time are taken from the shards, and in-flight requests are not known';

/** What a report could not read, a sentence each; a long list ends with how many more there are. */
export class Gaps {
  readonly #sentences: string[] = [];
  #count = 0;

  add(sentence: string): void {
    this.#count += 1;
    if (this.#sentences.length < LISTED) this.#sentences.push(sentence);
  }

  all(): readonly string[] {
    const hidden = this.#count - this.#sentences.length;
    return hidden === 0 ? this.#sentences : [...this.#sentences, `and ${hidden} more of the kind`];
  }
}

/** What is added to while outputs are read one after the other. */
export interface Sums {
  readonly tally: Tally;
  readonly flowDc: FlowDcTally;
  readonly gaps: Gaps;
}

export interface ReadOutput {
  readonly output: OutputReport;
  readonly job: Job;
  readonly plot: RunPlot | undefined;
}

/**
 * Read `out` into `sums`.
 * Errors: FDC_ERR_JOB_MISSING when there is no job, FDC_ERR_DEST_IO when its records cannot be read.
 */
export async function readOutput(out: string, sums: Sums): Promise<ReadOutput> {
  const job = await readJob(out);
  const { paths } = job;
  const spans = new SpanUnion();
  const committer = createLocalCommitter(paths.state);
  const totals = await totalOf(readUnits(committer.records(), paths, spans, sums));
  const known = await readRunSpans(paths.timeline);
  if (known.length === 0 && !spans.isEmpty) sums.gaps.add(`${paths.timeline}: ${NO_TIMELINE}`);
  const runs = allRuns(known, spans);
  const output: OutputReport = {
    ...{ out: job.out, layout: paths.layout, complete: existsSync(finalPath(paths, SUCCESS_FILE)) },
    ...totals,
    runs,
    rates: ratesOf(totals, runs),
  };
  return { output, job, plot: await readRunPlot(job.out, paths.timeline) };
}

/** Passes records on when what they name has been read. */
async function* readUnits(
  records: AsyncIterable<UnitRecord>,
  paths: FolderPaths,
  spans: SpanUnion,
  { tally, flowDc, gaps }: Sums,
): AsyncGenerator<UnitRecord> {
  for await (const record of records) {
    const stats = await readStats(record, paths, gaps);
    if (stats !== undefined) {
      spans.add(stats.startedAtMs, stats.startedAtMs + stats.elapsedMs);
      flowDc.addStart(stats.startedAtMs);
      if (stats.times !== undefined) tally.addTimes(stats.times, record.rows);
    }
    const { rows, stored, bytes } = record;
    flowDc.addShard({ rows, stored, bytes, elapsedMs: stats?.elapsedMs });
    flowDc.addRecord(record.worker, artifactBytes(record), record.committedAtMs);
    await readTable(record, paths, tally, gaps);
    yield record;
  }
}

async function readStats(record: UnitRecord, paths: FolderPaths, gaps: Gaps): Promise<UnitStats | undefined> {
  const artifact = record.artifacts.find(({ name }) => name.endsWith(STATS_SUFFIX));
  if (artifact === undefined) return undefined;
  const path = finalPath(paths, artifact.name);
  try {
    return parseStats(await readFile(path, 'utf8'));
  } catch (error) {
    gaps.add(`${path}: not read (${reasonOf(error)}); its shard lacks in times`);
    return undefined;
  }
}

async function readTable(record: UnitRecord, paths: FolderPaths, tally: Tally, gaps: Gaps): Promise<void> {
  const artifact = record.artifacts.find(({ name }) => name.endsWith('.parquet'));
  if (artifact === undefined) return;
  const path = finalPath(paths, artifact.name);
  try {
    for (const row of outcomeRows(await intactFile(path, artifact))) tally.addRow(row);
  } catch (error) {
    gaps.add(`${path}: not read (${reasonOf(error)}); its ${record.rows} rows lack in hosts, latency and flags`);
  }
}

/** Damaged bytes can make the parquet reader panic, which it does not recover from. */
async function intactFile(path: string, { bytes, sha256 }: Artifact): Promise<Uint8Array> {
  const content = await readFile(path);
  const isIntact = content.length === bytes && createHash('sha256').update(content).digest('hex') === sha256;
  if (!isIntact) throw new Error('other bytes than were committed');
  return content;
}

function artifactBytes({ artifacts }: UnitRecord): number {
  return artifacts.reduce((sum, { bytes }) => sum + bytes, 0);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'it is not there' : message.replaceAll(/\s+/g, ' ');
}
