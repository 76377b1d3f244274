/** Look into manifests without reading their rows. */
import type { ManifestInfo } from './manifest-info.ts';
import { type ManifestSourceOptions, manifestSource } from './manifest-options.ts';
import { inspectFiles } from './open-files.ts';
import { inspectStdin } from './open-stdin.ts';
import { ParquetThread } from './parquet-thread.ts';

/**
 * Look into manifests without reading their rows: files in order with format and identity, columns, roles and which
 * were guessed, and the number of rows where it is known. Reads first bytes, parquet footers and, of text, the first
 * batch; of `-`, the first line or two (all of it, into a file, if it is parquet), and readManifest on the same stream
 * still gets everything. Pass the result to readManifest as `info` to spare it the same work. Errors as readManifest.
 */
export async function readManifestInfo(
  inputs: string | readonly string[],
  options: ManifestSourceOptions = {},
): Promise<ManifestInfo> {
  const { settings, given, stdin } = manifestSource(inputs, options);
  const thread = new ParquetThread();
  try {
    const surroundings = {
      thread,
      signal: options.signal ?? new AbortController().signal,
      warn: () => {},
      atEnd: () => {},
    };
    return await (stdin === undefined
      ? inspectFiles(settings, given, surroundings)
      : inspectStdin(settings, given, stdin, surroundings));
  } finally {
    await thread.close();
  }
}
