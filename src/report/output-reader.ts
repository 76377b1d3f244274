/** Reads one output: records, stats files, outcome tables, timeline. One unit at a time. */
import type { DatasetFiles } from '../dataset/files/dataset-files.ts';
import { intactFile, tableOf } from '../dataset/files/intact-file.ts';
import { UploadedFiles } from '../dataset/files/uploaded-files.ts';
import { type LatestRows, latestRows } from '../dataset/latest/latest-rows.ts';
import { outcomeRows } from '../dataset/outcome-rows.ts';
import { SUCCESS_FILE } from '../dataset/seal/seal-dataset.ts';
import { parseStats, type UnitStats } from '../dataset/stats-file.ts';
import { totalOf } from '../dataset/totals.ts';
import { isStats } from '../dataset/unit-files.ts';
import { TIMELINE_FILE } from '../destination/folder-layout.ts';
import { runSpansIn } from '../job/timeline.ts';
import { clearingLine, isBeingCleared, type JobView } from '../job/view/job-view.ts';
import type { UnitRecord } from '../record.ts';
import { inOrder } from '../structures/in-order.ts';
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
  readonly job: JobView;
  readonly plot: RunPlot | undefined;
}

/** Read an output into `sums`. Errors: FDC_ERR_DEST_IO when its records cannot be read. */
export async function readOutput(job: JobView, sums: Sums): Promise<ReadOutput> {
  const { files, decided } = job;
  const spans = new SpanUnion();
  const latest = await latestRows(decided.records(), files, (record) =>
    sums.gaps.add(`shard ${record.unit}: not read; rows of it count in hosts and latency as they were before`),
  );
  const totals = await totalOf(readUnits(decided.records(), files, spans, sums, latest));
  const timeline = files.state(TIMELINE_FILE);
  const known = await runSpansIn(timeline);
  if (known.length === 0 && !spans.isEmpty) sums.gaps.add(`${timeline.path}: ${NO_TIMELINE}`);
  const runs = allRuns(known, spans);
  if (await isBeingCleared(job)) sums.gaps.add(clearingLine(job.out));
  const isComplete = (await files.final(SUCCESS_FILE).look()) !== undefined;
  const output: OutputReport = {
    ...{ out: job.out, layout: files.layout, complete: isComplete },
    ...totals,
    runs,
    rates: ratesOf(totals, runs),
    upload: files instanceof UploadedFiles ? files.upload : undefined,
  };
  return { output, job, plot: await readRunPlot(job.out, timeline) };
}

/** Passes records on when what they name has been read. */
async function* readUnits(
  records: AsyncIterable<UnitRecord>,
  files: DatasetFiles,
  spans: SpanUnion,
  { tally, flowDc, gaps }: Sums,
  latest: LatestRows,
): AsyncGenerator<UnitRecord> {
  const read = async (record: UnitRecord) => {
    const [stats, table] = await Promise.all([readStats(record, files, gaps), readTable(record, files, gaps)]);
    return { record, stats, table };
  };
  for await (const { record, stats, table } of inOrder(records, files.width, read)) {
    if (stats !== undefined) {
      spans.add(stats.startedAtMs, stats.startedAtMs + stats.elapsedMs);
      flowDc.addStart(stats.startedAtMs);
      if (stats.times !== undefined) tally.addTimes(stats.times, record.rows);
    }
    const { rows, stored, bytes } = record;
    flowDc.addShard({ rows, fetched: stored, bytes, elapsedMs: stats?.elapsedMs });
    flowDc.addRecord(record.worker, artifactBytes(record), record.committedAtMs);
    if (table !== undefined) addRows(table, record, latest, tally, gaps);
    yield record;
  }
}

async function readStats(record: UnitRecord, files: DatasetFiles, gaps: Gaps): Promise<UnitStats | undefined> {
  const artifact = record.artifacts.find(({ name }) => isStats(name));
  if (artifact === undefined) return undefined;
  const file = files.final(artifact.name);
  try {
    return parseStats((await file.read()).toString('utf8'));
  } catch (error) {
    gaps.add(`${file.path}: not read (${reasonOf(error)}); its shard lacks in times`);
    return undefined;
  }
}

/** An outcome table as it was committed. */
interface ReadTable {
  readonly path: string;
  readonly content: Uint8Array;
}

async function readTable(record: UnitRecord, files: DatasetFiles, gaps: Gaps): Promise<ReadTable | undefined> {
  const artifact = tableOf(record);
  if (artifact === undefined) return undefined;
  const file = files.final(artifact.name);
  try {
    return { path: file.path, content: await intactFile(file, artifact) };
  } catch (error) {
    addGap(file.path, record, error, gaps);
    return undefined;
  }
}

function addRows({ path, content }: ReadTable, record: UnitRecord, latest: LatestRows, tally: Tally, gaps: Gaps): void {
  const set = record.again?.set ?? 1;
  try {
    for (const row of outcomeRows(content)) if (latest.isLatest(set, row.row)) tally.addRow(row);
  } catch (error) {
    addGap(path, record, error, gaps);
  }
}

function addGap(path: string, { rows }: UnitRecord, error: unknown, gaps: Gaps): void {
  gaps.add(`${path}: not read (${reasonOf(error)}); its ${rows} rows lack in hosts, latency and flags`);
}

function artifactBytes({ artifacts }: UnitRecord): number {
  return artifacts.reduce((sum, { bytes }) => sum + bytes, 0);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'it is not there' : message.replaceAll(/\s+/g, ' ');
}
