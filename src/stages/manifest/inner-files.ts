/** What is within a file that is no table itself: archives, and files that have to be read in another way. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ManifestSettings } from '../../config/types.ts';
import { FlowDcError } from '../../errors.ts';
import { someOf } from '../../short-text.ts';
import { isTar } from './archive/tar.ts';
import { isXml } from './archive/xml-signature.ts';
import { asNamed, type InnerTables, isArchiveMeta, MEMBER, META } from './archive-tables.ts';
import type { ArchiveFiles } from './darwin-core.ts';
import { type FileSource, isInner, type LocalSource, localSource, type RemoteSource, within } from './file-source.ts';
import type { FileHead } from './head-of-file.ts';
import { spoolChunks } from './remote/spool.ts';
import { chunksOf } from './text-input.ts';
import type { Packing } from './unpack/packing.ts';
import { unpacked } from './unpack/unpack.ts';

const ZIP_MAGIC = ['PK\x03\x04', 'PK\x05\x06'];
/** Archives in archives: some hold themselves. */
const MAX_DEPTH = 4;

/** Whether tables are within what begins with these bytes, so that all of it has to be there. */
export function isArchive(head: Buffer): boolean {
  return isZip(head) || isTar(head) || isXml(head);
}

function isZip(head: Buffer): boolean {
  return ZIP_MAGIC.includes(head.toString('latin1', 0, 4));
}

/**
 * Look into what cannot be read as it is. Undefined for what can.
 * Errors: FDC_ERR_MANIFEST_NOT_FOUND without a table in it, FDC_ERR_MANIFEST_CORRUPT, _FORMAT, _TOO_WIDE; those of
 * `spoolChunks`.
 */
export async function tablesWithin(
  source: FileSource,
  start: FileHead,
  settings: ManifestSettings,
  signal: AbortSignal,
): Promise<InnerTables | undefined> {
  const { head, packing } = start;
  if (isInner(source) && source.inner.format !== undefined) return undefined;
  if ('path' in source && basename(source.path) === META && isArchiveMeta(head))
    return darwinCore(source, await filesBeside(source), 'folder', settings, signal);
  const [isZipped, isTarred] = [isZip(head), isTar(head)];
  if ((isZipped || isTarred) && source.name.split(MEMBER).length > MAX_DEPTH)
    throw new FlowDcError('FDC_ERR_MANIFEST_FORMAT', `${source.name} is an archive in archives: unpack it`);
  // Read from its end, or here and there.
  const isParquet = packing === undefined && head.toString('latin1', 0, 4) === 'PAR1';
  if ((isZipped && packing !== undefined) || (isInner(source) && (isZipped || isTarred || isParquet)))
    return { sources: [await kept(source, packing, signal)], said: [] };
  if (isInner(source) || (!isZipped && !isTarred)) return asXml(source, start, settings);
  if (isTarred) {
    const { tablesInTar } = await import('./inner-readers.ts');
    return tablesInTar(source, packing, signal);
  }
  const { tablesInZip } = await import('./inner-readers.ts');
  return tablesInZip(source, settings, signal, (files) => darwinCore(source, files, 'zip', settings, signal));
}

async function asXml(
  source: FileSource,
  start: FileHead,
  settings: ManifestSettings,
): Promise<InnerTables | undefined> {
  if (!isXml(start.head) || source.member !== undefined || (settings.format !== 'auto' && settings.format !== 'xml'))
    return undefined;
  const { tableOfXml } = await import('./inner-readers.ts');
  return tableOfXml(source, start, settings);
}

/** A copy of it on disk, unpacked. */
async function kept(source: FileSource, packing: Packing | undefined, signal: AbortSignal): Promise<LocalSource> {
  const { name, hive, member } = source;
  const chunks = chunksOf(source, signal);
  const { path } = await spoolChunks(name, packing === undefined ? chunks : unpacked(chunks, packing, name, signal));
  return { name, hive, member, within: source.within, path };
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

/** Tables of an archive that do not belong together. @param names - of their files */
export function otherColumnsIn(archive: string, names: readonly string[]): FlowDcError {
  const own = names.map((name) => name.slice(archive.length + MEMBER.length));
  const what = `${archive} holds tables with different columns (${someOf(own, 4)})`;
  const file = archive === '-' ? ' write it to a file, and' : '';
  const advice = `:${file} name one, as ${asNamed(archive, names[0] as string)}, or all with '${asNamed(archive, '**')}'`;
  return new FlowDcError('FDC_ERR_MANIFEST_COLUMN', what, { advice });
}
