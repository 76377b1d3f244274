/** How many rows a job's manifest has, counted by reading it where nothing else says, and their URLs. */
import type { RecordBatch } from 'apache-arrow';
import { textColumn } from '../arrow/text.ts';
import { resolveConfig } from '../config/resolve.ts';
import type { ManifestOptions, ResolvedConfig } from '../config/types.ts';
import { ManifestUrls } from '../dataset/verify/manifest-urls.ts';
import { isFlowDcError } from '../errors.ts';
import { readParts } from '../job/extensions.ts';
import type { JobIdentity } from '../job/identity.ts';
import type { JobFile } from '../job/job-file.ts';
import type { JobView } from '../job/view/job-view.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import { type ReadManifestOptions, readManifest } from '../stages/manifest/read-manifest.ts';
import { urlColumn } from '../unit-rows.ts';
import { openJobInput } from './open-job-input.ts';

/** How many rows a job will read, if that is known beforehand. */
export function expectedRows(
  { rows }: ManifestInfo,
  { manifest: { limitRows = Number.POSITIVE_INFINITY } }: ResolvedConfig,
): number | undefined {
  return rows === undefined ? undefined : Math.min(rows, limitRows);
}

/** @returns undefined when the manifest is not there any more, or cannot be read to its end */
export async function manifestRowsOf(job: Pick<JobView, 'out' | 'settings' | 'state'>): Promise<number | undefined> {
  try {
    const last = (await readParts(job.state)).at(-1);
    if (last !== undefined) return last.firstRow + last.rows;
    const config = resolveConfig({ ...job.settings, output: job.out }, 'download');
    const input = await openJobInput(config, undefined);
    const known = expectedRows(input.info, config);
    if (known !== undefined) return known;
    let rows = 0;
    for await (const batch of input.read()) rows += (batch as RecordBatch).numRows;
    return rows;
  } catch (error) {
    if (isFlowDcError(error)) return undefined;
    throw error;
  }
}

/** A manifest that a dataset is compared with. */
export interface ComparedManifest {
  readonly urls: ManifestUrls;
  /** Text files that are not what the job read, with both sums, a line each. */
  readonly changed: readonly { readonly name: string; readonly problem: string }[];
}

/** Which URLs the job took. */
function urlsOf({ columns, mirrors = [], explode, urlTemplate }: JobIdentity): ManifestOptions {
  return urlTemplate === undefined
    ? { urlColumn: [columns.url, ...mirrors].join(','), ...(explode && { explode }) }
    : { urlTemplate };
}

/** As the job was told to read text. */
function readAs({ readAs }: JobIdentity): ManifestOptions {
  if (readAs === undefined) return {};
  const { columns: columnNames, ...rest } = JSON.parse(readAs);
  return { ...rest, columnNames };
}

/**
 * Read a manifest that is said to be a job's: the job's own URL column and limit unless others are given. Errors: those
 * of readManifest.
 */
export async function manifestToCompare(
  { identity, settings }: JobFile,
  { inputs = [], ...options }: ManifestOptions,
  source: Pick<ReadManifestOptions, 'signal' | 'stdin' | 'remote'>,
): Promise<ComparedManifest> {
  const reader = readManifest(inputs, {
    ...(options.urlColumn === undefined ? urlsOf(identity) : {}),
    ...{ limitRows: identity.limitRows, perClass: identity.perClass, ...readAs(identity), ...options, ...source },
    // Labels say which rows there are, or nothing.
    labelColumn: identity.perClass === undefined ? '' : identity.columns.label,
    ...{ captionColumn: '', keyColumn: '', columns: [] },
  });
  const urls = new ManifestUrls(settings.redact_query === true);
  for await (const batch of reader as AsyncIterable<RecordBatch>)
    for (const url of textColumn(urlColumn(batch))) urls.add(url);
  const { files } = await reader.ready;
  const changed = files.flatMap(({ name }, at) => {
    const [now, before] = [reader.contents.get(name), identity.inputs[at]?.sha256];
    if (now === undefined || before === undefined || now === before) return [];
    return [{ name, problem: `it has sha256 ${now}; the dataset was made of one with ${before}` }];
  });
  return { urls, changed };
}
