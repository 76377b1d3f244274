/** Split a manifest into files: one pass that counts, a plan, one pass that writes. */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { destinationError } from '../destination/destination.ts';
import { FlowDcError } from '../errors.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import { readManifestInfo } from '../stages/manifest/read-manifest.ts';
import { openPartitionFolder, type PartitionFolder } from './partition-folder.ts';
import {
  checkColumn,
  checkRows,
  limited,
  noticesBefore,
  type PartitionManifestOptions,
  readerOptions,
  type SplitSettings,
  splitSettings,
} from './partition-options.ts';
import { type PartitionSummary, Split } from './two-passes.ts';

/**
 * Split manifests into `groups` files of about equal numbers of rows, which keep all columns and their types. Rows stay
 * in the manifest's order within a file. Holds some 600 MB whatever the number of rows, and 50 bytes per host.
 * Errors: those of readManifest; FDC_ERR_CONFIG_INVALID for wrong options and for more files than rows;
 * FDC_ERR_MANIFEST_CORRUPT also when the manifest changes meanwhile; FDC_ERR_DEST_UNWRITABLE, _FOREIGN, _FULL, _IO;
 * FDC_ERR_JOB_LOCKED; FDC_ERR_INTERRUPTED. Whatever goes wrong, no file has its final name before all are complete.
 */
export async function partitionManifest(
  inputs: string | readonly string[],
  options: PartitionManifestOptions,
): Promise<PartitionSummary> {
  const settings = splitSettings(options);
  const given = typeof inputs === 'string' ? [inputs] : [...inputs];
  const isPiped = given.includes('-');
  // Files are looked into before anything is written.
  const info = isPiped ? undefined : await lookInto(given, settings, options);
  const extension = options.format ?? 'parquet';
  const folder = await openPartitionFolder(options.output, {
    files: settings.groups,
    extension,
    overwrite: options.overwrite === true,
  });
  try {
    const files = isPiped ? [await keepStdin(given, folder, options)] : given;
    return await new Split(files, info ?? (await lookInto(files, settings, options)), settings, options, folder).run();
  } catch (error) {
    if (options.signal?.aborted === true)
      throw new FlowDcError('FDC_ERR_INTERRUPTED', 'interrupted; no partition was written', { cause: error });
    throw error;
  } finally {
    await folder.close();
  }
}

/** Footers and first rows, and everything that can be said of them. */
async function lookInto(
  files: readonly string[],
  settings: SplitSettings,
  options: PartitionManifestOptions,
): Promise<ManifestInfo> {
  const info = await readManifestInfo(files, readerOptions(options));
  checkColumn(settings, info);
  if (info.rows === 0)
    throw new FlowDcError('FDC_ERR_MANIFEST_EMPTY', 'the manifest has columns but no rows: expected at least one');
  if (info.rows !== undefined) checkRows(settings.groups, limited(info.rows, options));
  for (const notice of noticesBefore(settings, info)) options.onNotice?.(notice);
  return info;
}

/** A pipe cannot be read twice. */
async function keepStdin(
  given: readonly string[],
  folder: PartitionFolder,
  { stdin, signal }: PartitionManifestOptions,
): Promise<string> {
  if (given.length > 1 || stdin === undefined) {
    const message =
      given.length > 1
        ? 'stdin (-) must be the only input: it can be read only once'
        : 'the input - needs the option stdin';
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
  }
  const path = join(folder.staging, 'stdin');
  const target = createWriteStream(path);
  let isOurs = false;
  target.on('error', () => {
    isOurs = true;
  });
  try {
    await pipeline(stdin, target, { signal });
  } catch (error) {
    throw isOurs ? destinationError(error, folder.out) : error;
  }
  return path;
}
