/** Samples of a dataset that are the same, and pictures that look nearly the same. */
import { batchOf, float64Column, int32Column, utf8Column } from '../arrow/columns.ts';
import { intactFile, tableOf } from '../dataset/files/intact-file.ts';
import { storedRows, storedRowsIn } from '../dataset/latest/stored-rows.ts';
import { OutcomeFile } from '../dataset/outcome-file.ts';
import { FlowDcError } from '../errors.ts';
import type { JobView } from '../job/view/job-view.ts';
import type { UnitSamples } from './picture-hashes.ts';
import { sameContents } from './same-contents.ts';
import { GroupSum, type GroupSums, type Sample, type SampleGroups } from './sample-groups.ts';

export interface DuplicatesOptions {
  /** Look at pictures as well. */
  readonly near: boolean;
  /** A table of the samples that are in groups: parquet or csv by its name. */
  readonly path?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Duplicates {
  readonly samples: number;
  readonly bytes: number;
  /** The same bytes. */
  readonly same: GroupSums;
  /** Nearly the same pictures, the same ones among them. */
  readonly near?: (GroupSums & { readonly undecoded: number }) | undefined;
  /** Lines of the table that was written. */
  readonly lines: number;
}

/** Errors: FDC_ERR_USAGE for a dataset without hashes, or without what decodes; FDC_ERR_DEST_IO for what cannot be read. */
export async function findDuplicates(job: JobView, { near, path, signal }: DuplicatesOptions): Promise<Duplicates> {
  const dataset = { files: job.files, records: () => job.decided.records() };
  const samples = (): AsyncIterable<Sample> => storedRows(dataset);
  let count = 0;
  for await (const { stored } of dataset.records()) count += stored;
  const kinds: SampleGroups[] = [await sameContents(samples, count)];
  let undecoded = 0;
  if (near) {
    // Loaded only for this.
    const { nearPictures, pictureHash } = await import('./picture-hashes.ts');
    const pictures = await nearPictures(job.files, unitsOf(job), pictureHash(), signal);
    undecoded = pictures.undecoded;
    kinds.push(pictures);
  }
  const sums = kinds.map(({ kind }) => new GroupSum(kind));
  const table = path === undefined ? undefined : new GroupTable(path);
  let [all, bytes, hashed] = [0, 0, 0];
  for await (const sample of samples()) {
    signal?.throwIfAborted();
    all += 1;
    bytes += sample.bytes;
    if (sample.sha256 !== undefined) hashed += 1;
    for (const [at, { kind, groupOf }] of kinds.entries()) {
      const group = groupOf(sample);
      if (group === undefined) continue;
      sums[at]?.add(group, sample);
      await table?.add(kind, group, sample);
    }
  }
  if (all > 0 && hashed === 0) throw withoutHashes(job.out);
  const [same, looks] = sums.map((sum) => sum.read());
  const lines = (await table?.close()) ?? 0;
  return { samples: all, bytes, same: same as GroupSums, near: looks && { ...looks, undecoded }, lines };
}

/** Each unit with its samples as they are now. */
async function* unitsOf({ files, decided }: JobView): AsyncGenerator<UnitSamples> {
  for await (const record of decided.records()) {
    const table = tableOf(record);
    if (table === undefined || record.stored === 0) continue;
    const samples = new Map<string, Sample>();
    for (const sample of storedRowsIn(await intactFile(files.final(table.name), table)))
      samples.set(sample.name, sample);
    yield { record, samples };
  }
}

const BATCH_LINES = 1000;

/** A line for each sample that is in a group. */
class GroupTable {
  readonly #file: OutcomeFile;
  #lines: [kind: string, group: string, sample: Sample][] = [];
  #written = 0;

  constructor(path: string) {
    this.#file = new OutcomeFile(path);
  }

  async add(kind: string, group: string, sample: Sample): Promise<void> {
    if (this.#lines.push([kind, group, sample]) >= BATCH_LINES) await this.#flush();
  }

  /** @returns how many lines there are; no file is written for none */
  async close(): Promise<number> {
    if (this.#lines.length > 0) await this.#flush();
    if (this.#file.isBegun) await this.#file.close();
    return this.#written;
  }

  async #flush(): Promise<void> {
    const lines = this.#lines;
    const text = (of: (line: (typeof lines)[number]) => string | undefined) => utf8Column(lines.map(of));
    await this.#file.add(
      batchOf([
        ['kind', text(([kind]) => kind)],
        ['group', text(([, group]) => group)],
        ['key', text(([, , { key }]) => key)],
        ['name', text(([, , { name }]) => name)],
        ['row', float64Column(lines.map(([, , { row }]) => row))],
        ['url', text(([, , { url }]) => url)],
        ['bytes', float64Column(lines.map(([, , { bytes }]) => bytes))],
        ['width', int32Column(lines.map(([, , { width }]) => width))],
        ['height', int32Column(lines.map(([, , { height }]) => height))],
        ['sha256', text(([, , { sha256 }]) => sha256)],
      ]),
    );
    this.#written += lines.length;
    this.#lines = [];
  }
}

function withoutHashes(out: string): FlowDcError {
  const message = `report --duplicates: ${out} was written without hashes (--no-hash), so nothing tells what is the same`;
  return new FlowDcError('FDC_ERR_USAGE', message);
}
