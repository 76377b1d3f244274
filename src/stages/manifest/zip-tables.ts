/** What is in a zip archive: tables, a Darwin Core Archive, or a workbook. */
import type { ManifestSettings } from '../../config/types.ts';
import { FlowDcError } from '../../errors.ts';
import { WORKBOOK } from './archive/workbook.ts';
import { type FileParts, unzipped, type ZipEntry, zipEntries } from './archive/zip.ts';
import { FoundTables, type InnerTables, MEMBER, META } from './archive-tables.ts';
import type { ArchiveFiles } from './darwin-core.ts';
import { partsOf } from './file-parts.ts';
import { closeSource, type InnerSource, type LocalSource, type RemoteSource, within } from './file-source.ts';
import { packedFault } from './unpack/unpack.ts';
import { tablesInWorkbook } from './workbook-tables.ts';

const META_NAME = /^(?:[^/]+\/)?meta\.xml$/;
/** What every file of an office program has. */
const OFFICE = ['[Content_Types].xml', 'mimetype'];

interface ZipContent {
  readonly tables: FoundTables<ZipEntry>;
  /** Of a Darwin Core Archive. */
  readonly meta?: ZipEntry | undefined;
  readonly workbook?: ZipEntry | undefined;
  /** Of an office program. */
  readonly office?: ZipEntry | undefined;
}

/** Errors: those of `tablesWithin`. */
export async function tablesInZip(
  source: LocalSource | RemoteSource,
  settings: ManifestSettings,
  signal: AbortSignal,
  darwinCore: (files: ArchiveFiles) => Promise<InnerTables>,
): Promise<InnerTables> {
  const { name, member } = source;
  const file = await partsOf(source);
  const { tables, meta, workbook, office } = await contentOf(source, file, signal);
  if (workbook !== undefined) return tablesInWorkbook(source, file, workbook, settings, signal);
  if (office !== undefined && member === undefined)
    throw new FlowDcError('FDC_ERR_MANIFEST_FORMAT', `${name} is a file of an office program, and no xlsx workbook`, {
      advice: ': save the sheet as xlsx or csv',
    });
  if (settings.format === 'excel' && member === undefined)
    throw new FlowDcError('FDC_ERR_MANIFEST_FORMAT', `${name} is a zip archive, not excel: leave input_format at auto`);
  if (meta !== undefined) return darwinCore(filesInZip(source, file, meta, signal));
  const { entries, said } = tables.chosen();
  return { sources: entries.map((entry) => zipMember(source, file, entry)), said };
}

async function contentOf(
  { name, member }: LocalSource | RemoteSource,
  file: FileParts,
  signal: AbortSignal,
): Promise<ZipContent> {
  const tables = new FoundTables<ZipEntry>(name, member);
  let content: ZipContent = { tables };
  try {
    for await (const entry of zipEntries(file, signal)) {
      if (member === undefined && META_NAME.test(entry.name)) content = { ...content, meta: entry };
      if (WORKBOOK.test(entry.name)) content = { ...content, workbook: entry };
      if (OFFICE.includes(entry.name)) content = { ...content, office: entry };
      // The tables of a workbook are its sheets.
      if (content.workbook === undefined) tables.add(entry);
    }
  } catch (error) {
    throw packedFault(error, 'zip archive', name, file.bytes);
  }
  return content;
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
