/** Rows that a finished dataset lacks are taken from another manifest, mostly the grown one. */
import { join } from 'node:path';
import type { Data, Field, RecordBatch } from 'apache-arrow';
import { plainTexts } from '../arrow/typed-text.ts';
import type { ResolvedConfig } from '../config/types.ts';
import { type Publish, publisher } from '../dataset/published.ts';
import { totalOf } from '../dataset/totals.ts';
import { REMOVED_FILE } from '../destination/folder-layout.ts';
import { FlowDcError } from '../errors.ts';
import { beginExtension, type ManifestPart, readParts, sameFiles, takenRows } from '../job/extensions.ts';
import { identityOf, type JobIdentity, settingsBetween } from '../job/identity.ts';
import type { JobFile } from '../job/job-file.ts';
import { parseRemoved } from '../job/removed-urls.ts';
import type { StateFiles } from '../job/state-files.ts';
import type { RowBitmap } from '../structures/row-bitmap.ts';
import { classList } from './class-list.ts';
import { compareRows } from './compare-rows.ts';
import { rememberedInput } from './input-memory.ts';
import type { JobInput } from './job-input.ts';
import { type KnownRows, knownRows } from './known-rows.ts';
import { rowsOfPart } from './open-rows.ts';
import { otherColumns } from './other-columns.ts';
import { rowNumbersOf } from './row-numbers.ts';
import type { SettledDataset } from './settled-rows.ts';

const CLASSES_FILE = 'classes.json';

/** A job whose dataset is finished. */
export interface FinishedJob extends SettledDataset, JobFile {
  readonly out: string;
  readonly state: StateFiles;
}

/** Whether this manifest was begun to be added, and is the last one that was. */
export async function isLastPart({ state }: Pick<FinishedJob, 'state'>, input: JobInput): Promise<boolean> {
  const part = (await readParts(state)).at(-1);
  return part !== undefined && sameFiles(part.identity, input.info.files);
}

/**
 * Look for rows that the dataset lacks and begin to add them: under the job's lock, but with `dryRun`. Nothing is written
 * where there are none.
 * @param folder - for temporary files
 * Errors: those of the reader; FDC_ERR_JOB_MISMATCH for other settings; FDC_ERR_CONFIG_INVALID where rows cannot be told
 * apart; FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO.
 */
export async function extendJob(
  job: FinishedJob,
  config: ResolvedConfig,
  input: JobInput,
  folder: string,
  dryRun: boolean,
): Promise<KnownRows> {
  const identity = identityOf(config, input.info);
  refuseOther(job, identity, input.info);
  const by = { url: !config.sink.redactQuery, key: identity.columns.key !== undefined };
  if (!by.url && !by.key) throw untold();
  const publish = publisher(config.sink);
  const out = await job.state.read(REMOVED_FILE);
  const removed = out && parseRemoved(out);
  const read = input.read(by.key ? [identity.columns.key as string] : []);
  const found = await knownRows(job, read, by, publish, removed, folder);
  if (found.addedRows === 0) return found;
  const columns = await otherColumns(job, input.info.schema, config.sink);
  if (columns !== undefined) throw otherManifest(job.out, columns);
  if (dryRun) return found;
  const parts = await earlierParts(job);
  const moved: ManifestPart[] = [];
  for (const part of parts) moved.push(await inManifest(part, job, config, identity, input, found.rows, folder));
  const last = parts.at(-1) as ManifestPart;
  const classes = await classesAfter(job, last.classes, identity, input, publish, found.added);
  const added: ManifestPart = {
    ...(classes && { classes }),
    ...{ firstRow: last.firstRow + last.rows, rows: found.addedRows, manifestRows: found.rows },
    ...{ input: config.manifest.inputs.map(rememberedInput), identity: identity.inputs },
    known: { fetched: found.fetched, removed: found.removed, notFetched: found.notFetched },
  };
  await beginExtension(job.state, [...moved, added], found.added);
  return found;
}

/**
 * Classes in the order of their numbers, those that the dataset has first: a manifest in another order names them in
 * another one. Undefined where no numbers are written.
 */
async function classesAfter(
  { files }: FinishedJob,
  before: readonly string[] | undefined,
  { cls, columns: { label } }: JobIdentity,
  input: JobInput,
  publish: Publish,
  added: RowBitmap,
): Promise<readonly string[] | undefined> {
  const file = files.final(CLASSES_FILE);
  if (cls !== true || label === undefined || (await file.look()) === undefined) return before;
  const classes = new Set(before ?? classList((await file.read()).toString('utf8')));
  for await (const batch of input.read([label]) as AsyncIterable<RecordBatch>) {
    const { fields } = batch.schema;
    const at = fields.findIndex(({ name }) => name === label);
    const labels = plainTexts(batch.data.children[at] as Data, fields[at] as Field);
    rowNumbersOf(batch).forEach((row, of) => {
      if (labels[of] && added.has(row)) classes.add(publish(labels[of]));
    });
  }
  return [...classes];
}

/** With the first manifest as the only one where nothing was added yet. */
async function earlierParts({ state, decided, identity, settings }: FinishedJob): Promise<readonly ManifestPart[]> {
  const parts = await readParts(state);
  if (parts.length > 0)
    return parts.map((part, at) => (at === parts.length - 1 ? { ...part, identity: identity.inputs } : part));
  const { rows } = await totalOf(decided.records());
  const { input = [] } = settings as { readonly input?: string | readonly string[] };
  const named = typeof input === 'string' ? [input] : input;
  return [{ firstRow: 0, rows, manifestRows: rows, input: named, identity: identity.inputs }];
}

/** A file that grew in its place is not to be had as it was: its rows are found in the new one, where they still are. */
async function inManifest(
  part: ManifestPart,
  job: FinishedJob,
  config: ResolvedConfig,
  identity: JobIdentity,
  input: JobInput,
  manifestRows: number,
  folder: string,
): Promise<ManifestPart> {
  const names = new Set(identity.inputs.map(({ name }) => name));
  if (!part.identity.some(({ name }) => names.has(name))) return part;
  const range = [part.firstRow, part.firstRow + part.rows] as const;
  const rows = rowsOfPart(input.read([]), part, await takenRows(job.state, part));
  const { difference } = await compareRows(job, rows, publisher(config.sink), join(folder, 'part'), range);
  if (difference !== undefined) return part;
  return { ...part, manifestRows, input: config.manifest.inputs.map(rememberedInput), identity: identity.inputs };
}

/** Errors: FDC_ERR_JOB_MISMATCH. */
function refuseOther({ out, identity }: FinishedJob, now: JobIdentity, { columns }: JobInput['info']): void {
  const differences = settingsBetween(identity, now);
  if (differences === '') return;
  const there = new Set(columns.map(({ name }) => name));
  const missing = Object.entries(identity.columns).filter(([, name]) => name !== undefined && !there.has(name));
  if (missing.length > 0)
    throw otherManifest(out, `it has no column ${missing.map(([role, name]) => `${name} (${role})`).join(', ')}`);
  throw new FlowDcError('FDC_ERR_JOB_MISMATCH', `${out} belongs to a job with other settings: ${differences}`, {
    advice: '; leave them out, and those of the dataset hold, or choose another output with -o',
  });
}

function otherManifest(out: string, what: string): FlowDcError {
  return new FlowDcError('FDC_ERR_JOB_MISMATCH', `extend: the manifest has other columns than ${out}: ${what}`, {
    advice:
      '; tables of different columns cannot be read as one: leave out what it has more, add what it lacks (it may be ' +
      'empty), keep the types, or choose another output with -o',
  });
}

function untold(): FlowDcError {
  const message =
    'extend: with redact_query the dataset does not have the URLs that were fetched, so its rows cannot be told from ' +
    'new ones';
  const advice =
    ': name a column of keys (key_col), or give the grown manifest without --extend where rows were appended';
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { advice, issues: [message] });
}
