/** Read a manifest once and say what is in it. */
import { FlowDcError } from '../errors.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import type { ManifestSourceOptions } from '../stages/manifest/manifest-options.ts';
import { readManifest } from '../stages/manifest/read-manifest.ts';
import type { ManifestInspection } from './inspection.ts';
import { manifestWarnings } from './manifest-warnings.ts';
import { RowCensus, sampleRows, textOf } from './row-census.ts';

/** Rows that are shown as they are. */
const SAMPLE_ROWS = 5;

export type InspectOptions = ManifestSourceOptions & {
  /** Whether rows of object stores (s3://, gs://) will be fetched; default: no. */
  readonly allowS3?: boolean | undefined;
  /** Told after every batch: rows so far, and of how many when that is known. */
  readonly onRows?: ((rows: number, total: number | undefined) => void) | undefined;
};

/**
 * Read a manifest once and say what is in it and what will hurt. Memory is bounded whatever its size: up to about 200
 * MB beside what reading takes; what could only be estimated for that reason says so (`exact: false`).
 * Errors: those of readManifest; FDC_ERR_INTERRUPTED when `signal` aborts.
 */
export async function inspectManifest(
  inputs: string | readonly string[],
  options: InspectOptions = {},
): Promise<ManifestInspection> {
  const { onRows, allowS3, ...source } = options;
  const reader = readManifest(inputs, source);
  const census = new RowCensus(allowS3);
  let sample: ManifestInspection['sample'] = [];
  try {
    for await (const batch of reader) {
      const info = await reader.ready;
      if (census.rows === 0) sample = sampleRows(batch, info.columns, SAMPLE_ROWS);
      const urls = textOf(batch, info.roles.url);
      const labels = info.roles.label === undefined ? undefined : textOf(batch, info.roles.label);
      for (let row = 0; row < urls.length; row += 1)
        census.add(urls[row] ?? null, labels === undefined ? undefined : (labels[row] ?? null));
      onRows?.(census.rows, info.rows);
    }
    return inspectionOf(await reader.ready, census, sample, { notes: reader.warnings, limitRows: source.limitRows });
  } catch (error) {
    if (options.signal?.aborted !== true) throw error;
    throw new FlowDcError('FDC_ERR_INTERRUPTED', `inspect was stopped after ${census.rows} rows; nothing was written`, {
      cause: error,
    });
  } finally {
    reader.destroy();
  }
}

function inspectionOf(
  info: ManifestInfo,
  census: RowCensus,
  sample: ManifestInspection['sample'],
  { notes, limitRows }: { readonly notes: readonly string[]; readonly limitRows: number | undefined },
): ManifestInspection {
  const inspection = {
    // No more of a file than the inspection promises.
    files: info.files.map(({ name, format, packing, bytes, rows, rowGroupBytes, how }) => ({
      name,
      format,
      gzip: packing === 'gzip',
      packing,
      how,
      bytes,
      rows,
      rowGroupBytes,
    })),
    rows: census.rows,
    limited: limitRows !== undefined && census.rows >= limitRows && info.rows !== census.rows,
    columns: info.columns,
    roles: info.roles,
    ...(info.mirrors === undefined ? {} : { mirrors: info.mirrors }),
    guessed: info.guessed,
    sample,
    schemes: census.schemes,
    hosts: census.hosts(),
    duplicates: census.duplicates(),
    badUrls: census.badUrls(),
    labels: info.roles.label === undefined ? undefined : census.labels(),
  };
  return { ...inspection, warnings: manifestWarnings(inspection, notes) };
}
