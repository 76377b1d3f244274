/** What is within a file that is no table itself: archives, and files that have to be read in another way. */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ManifestSettings } from '../../config/types.ts';
import { FlowDcError } from '../../errors.ts';
import { someOf } from '../../short-text.ts';
import { type FileParts, unzipped, type ZipEntry, zipEntries } from './archive/zip.ts';
import { FoundTables, isArchiveMeta, MEMBER, META } from './archive-tables.ts';
import type { ArchiveFiles } from './darwin-core.ts';
import {
  closeSource,
  type FileSource,
  type InnerSource,
  isInner,
  isRemote,
  type LocalSource,
  localSource,
  type RemoteSource,
} from './file-source.ts';
import { spoolChunks } from './remote/spool.ts';
import { chunksOf } from './text-input.ts';
import { packedFault } from './unpack/unpack.ts';

/** Tables in an archive. */
export interface InnerTables {
  readonly sources: readonly FileSource[];
  /** One line each, for people. */
  readonly said: readonly string[];
}

const META_NAME = /^(?:[^/]+\/)?meta\.xml$/;
const ZIP_MAGIC = ['PK\x03\x04', 'PK\x05\x06'];

/** Whether tables are within what begins with these bytes. */
export function isArchive(head: Buffer): boolean {
  return ZIP_MAGIC.includes(head.toString('latin1', 0, 4));
}

/**
 * Look into what cannot be read as it is. Undefined for what can.
 * @param head - its first bytes, unpacked
 * Errors: FDC_ERR_MANIFEST_NOT_FOUND without a table in it, FDC_ERR_MANIFEST_CORRUPT, _FORMAT, _TOO_WIDE; those of
 * `spoolChunks`.
 */
export async function tablesWithin(
  source: FileSource,
  head: Buffer,
  settings: ManifestSettings,
  signal: AbortSignal,
): Promise<InnerTables | undefined> {
  const isZip = isArchive(head);
  const isParquet = head.toString('latin1', 0, 4) === 'PAR1';
  // Read from its end, or here and there.
  if (isInner(source) && (isZip || isParquet)) return { sources: [await kept(source, signal)], said: [] };
  if (isInner(source)) return undefined;
  if (isZip) return tablesInZip(source, settings, signal);
  if ('path' in source && basename(source.path) === META && isArchiveMeta(head))
    return darwinCore(source, await filesBeside(source), 'folder', settings, signal);
  return undefined;
}

/** A copy of it on disk. */
async function kept(source: InnerSource, signal: AbortSignal): Promise<LocalSource> {
  const { inner: _, ...rest } = source;
  const { path } = await spoolChunks(source.name, chunksOf(source, signal));
  return { ...rest, path };
}

async function darwinCore(
  source: LocalSource | RemoteSource,
  files: ArchiveFiles,
  what: string,
  settings: ManifestSettings,
  signal: AbortSignal,
): Promise<InnerTables> {
  const { openDarwinCore } = await import('./darwin-core.ts');
  const { inner, how, said } = await openDarwinCore(files, settings, signal);
  return {
    sources: [{ name: files.name, hive: source.hive, within: within(source, `${what} > ${how}`), inner }],
    said,
  };
}

/** Those that lie beside a meta.xml. */
async function filesBeside({ name, path }: LocalSource): Promise<ArchiveFiles> {
  const folder = dirname(path);
  return {
    name: dirname(name),
    meta: localSource(path),
    find: async (names) => {
      const found = new Map<string, LocalSource & { readonly bytes: number }>();
      for (const file of names) {
        const own = join(folder, file);
        const stats = await stat(own).catch(() => undefined);
        // What it names lies beside it.
        if (stats?.isFile() === true && dirname(own) === folder)
          found.set(file, { ...localSource(own), bytes: stats.size });
      }
      return found;
    },
    close: async () => {},
  };
}

/** Those of a zip archive, in the folder of its meta.xml. */
function filesInZip(
  source: LocalSource | RemoteSource,
  file: FileParts,
  meta: ZipEntry,
  signal: AbortSignal,
): ArchiveFiles {
  const folder = meta.name.slice(0, -META.length);
  return {
    name: source.name,
    meta: zipMember(source, file, meta),
    find: async (names) => {
      const found = new Map<string, InnerSource & { readonly bytes: number }>();
      for await (const entry of zipEntries(file, signal)) {
        const own = entry.name.startsWith(folder) ? entry.name.slice(folder.length) : '';
        if (names.includes(own)) found.set(own, { ...zipMember(source, file, entry), bytes: entry.bytes });
      }
      return found;
    },
    close: () => closeSource(source),
  };
}

async function tablesInZip(
  source: LocalSource | RemoteSource,
  settings: ManifestSettings,
  signal: AbortSignal,
): Promise<InnerTables> {
  const { name, member } = source;
  const file = await partsOf(source);
  const found = new FoundTables<ZipEntry>(name, member);
  let meta: ZipEntry | undefined;
  try {
    for await (const entry of zipEntries(file, signal)) {
      if (member === undefined && META_NAME.test(entry.name)) meta = entry;
      found.add(entry);
    }
  } catch (error) {
    throw packedFault(error, 'zip archive', name, file.bytes);
  }
  if (meta !== undefined) return darwinCore(source, filesInZip(source, file, meta, signal), 'zip', settings, signal);
  const { entries, said } = found.chosen();
  return { sources: entries.map((entry) => zipMember(source, file, entry)), said };
}

function zipMember(source: LocalSource | RemoteSource, file: FileParts, entry: ZipEntry): InnerSource {
  const name = `${source.name}${MEMBER}${entry.name}`;
  async function* chunks(signal: AbortSignal): AsyncGenerator<Buffer, void> {
    let bytes = 0;
    try {
      for await (const chunk of unzipped(file, entry, signal)) {
        bytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      throw packedFault(error, 'zip archive', name, bytes);
    }
  }
  const close = (): Promise<void> => closeSource(source);
  return {
    name,
    hive: source.hive,
    within: within(source, `zip > ${entry.name}`),
    inner: { bytes: entry.bytes, chunks, close },
  };
}

/** In words, with what it is in itself. */
function within(source: FileSource, what: string): string {
  return source.within === undefined ? what : `${source.within} > ${what}`;
}

async function partsOf(source: LocalSource | RemoteSource): Promise<FileParts> {
  if (isRemote(source)) {
    const { remote } = source;
    return {
      bytes: remote.bytes,
      read: (start, end, signal) => remote.read(start, end, signal),
      chunks: (signal, start, end) => remote.chunks(signal, start, end),
    };
  }
  const { path } = source;
  return {
    bytes: (await stat(path)).size,
    read: async (start, end) => {
      const file = await open(path);
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
    chunks: (signal, start, end) => localRange(path, signal, start, end),
  };
}

async function* localRange(
  path: string,
  signal: AbortSignal,
  start: number,
  end: number,
): AsyncGenerator<Buffer, void> {
  // Its end is included.
  if (end > start) yield* createReadStream(path, { signal, start, end: end - 1 }) as AsyncIterable<Buffer>;
}

/** Tables of an archive that do not belong together. @param names - of their files */
export function otherColumnsIn(archive: string, names: readonly string[]): FlowDcError {
  const own = names.map((name) => name.slice(archive.length + MEMBER.length));
  const what = `${archive} holds tables with different columns (${someOf(own, 4)})`;
  const advice = `: name one, as ${names[0]}, or all with '${archive}${MEMBER}**'`;
  return new FlowDcError('FDC_ERR_MANIFEST_COLUMN', what, { advice });
}
