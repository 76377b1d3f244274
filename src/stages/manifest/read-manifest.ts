/** Read URL manifests. */
import { narrowed, withoutAdded } from './conform.ts';
import type { ManifestInfo } from './manifest-info.ts';
import { type ManifestSourceOptions, manifestSource } from './manifest-options.ts';
import { ManifestReader, stoppedEarly } from './manifest-reader.ts';
import { inspectFiles, openFiles } from './open-files.ts';
import { inspectStdin, openStdin } from './open-stdin.ts';
import { ParquetThread } from './parquet-thread.ts';

export type ReadManifestOptions = ManifestSourceOptions & {
  /** What readManifestInfo found, for the same inputs and options; without it the reader looks for itself. */
  readonly info?: ManifestInfo;
  /**
   * Read only these of the manifest's columns, and the URLs: much faster where the manifest is parquet. All of stdin is
   * read.
   */
  readonly columns?: readonly string[] | undefined;
  /** False leaves out the reader's own three columns, for those who count or copy rows and name none. Not of stdin. */
  readonly rowNumbers?: boolean;
};

/**
 * Read URL manifests: files, folders, patterns, URLs (s3, gs, https, http), or `-`. A Readable of RecordBatch, at most 8192 rows each: the reader's
 * three columns in front, then the manifest's own, roles in the schema's metadata. Errors, on the stream and from
 * `ready`: FDC_ERR_MANIFEST_NOT_FOUND, _EMPTY, _FORMAT, _COLUMN, _TOO_WIDE before the first row, _CORRUPT where an
 * input breaks (the rows before are handed on). Throws FDC_ERR_CONFIG_INVALID for a wrong option.
 */
export function readManifest(inputs: string | readonly string[], options: ReadManifestOptions = {}): ManifestReader {
  const { info: known, columns, rowNumbers, ...rest } = options;
  const { settings, given, stdin, remotes, types } = manifestSource(inputs, rest);
  return new ManifestReader(settings, options.signal, options.classes, async (around) => {
    // A stream that never ends must not outlive the reader.
    const stop = () => stdin?.stdin.destroy();
    around.signal.addEventListener('abort', stop, { once: true });
    if (around.signal.aborted) stop();
    around.signal.throwIfAborted();
    const surroundings = { ...around, types, remotes: () => remotes(around.signal) };
    if (stdin === undefined) {
      const info = known ?? (await inspectFiles(settings, given, surroundings));
      const { label } = info.roles;
      const needed = columns && settings.perClass !== undefined && label !== undefined ? [...columns, label] : columns;
      const read = needed === undefined ? info : narrowed(info, needed);
      const wanted = needed === undefined ? undefined : [...needed, info.roles.url];
      return openFiles(rowNumbers === false ? withoutAdded(read) : read, surroundings, wanted);
    }
    return openStdin(
      known ?? (await inspectStdin(settings, given, stdin, surroundings)),
      settings,
      stdin,
      surroundings,
    );
  });
}

/**
 * Look into manifests without reading their rows: files in order with format and identity, columns, roles and which
 * were guessed, and the number of rows where it is known. Reads first bytes, parquet footers and, of text, the first
 * batch; of `-`, the first line or two (all of it, into a file, if it is parquet), and readManifest on the same stream
 * still gets everything. Pass the result to readManifest as `info` to spare it the same work. Errors as readManifest, and
 * FDC_ERR_INTERRUPTED when `signal` aborts.
 */
export async function readManifestInfo(
  inputs: string | readonly string[],
  options: ManifestSourceOptions = {},
): Promise<ManifestInfo> {
  const { settings, given, stdin, remotes, types } = manifestSource(inputs, options);
  const cleanUps: (() => Promise<void>)[] = [];
  const thread = new ParquetThread();
  const signal = options.signal ?? new AbortController().signal;
  // A stream that never begins must not keep anybody waiting who was told to stop.
  const stop = () => stdin?.stdin.destroy(new Error('stopped'));
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) stop();
    const surroundings = {
      thread,
      signal,
      maxRecordBytes: settings.maxRecordBytes,
      onBadRow: settings.onBadRow,
      types,
      warn: () => {},
      onContent: () => {},
      onBytes: () => {},
      remotes: () => remotes(signal),
      atEnd: (cleanUp: () => Promise<void>) => void cleanUps.push(cleanUp),
    };
    const info = await (stdin === undefined
      ? inspectFiles(settings, given, surroundings)
      : inspectStdin(settings, given, stdin, surroundings));
    return { ...info, classes: options.classes?.known };
  } catch (error) {
    if (!signal.aborted) throw error;
    throw stoppedEarly(error);
  } finally {
    signal.removeEventListener('abort', stop);
    await thread.close();
    for (const cleanUp of cleanUps) await cleanUp();
  }
}
