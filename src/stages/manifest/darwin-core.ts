/** A Darwin Core Archive as one table: a row for every picture, with what its occurrence says of it. */
import { Readable } from 'node:stream';
import type { RecordBatch } from 'apache-arrow';
import type { ManifestSettings } from '../../config/types.ts';
import { FlowDcError } from '../../errors.ts';
import { count } from '../../format.ts';
import { someOf } from '../../short-text.ts';
import { type MetaTable, type MetaXml, readMetaXml } from './archive/meta-xml.ts';
import { cellsOf, csvCell, joinedLines, linesOf } from './core-join.ts';
import { PLAIN_DIALECT } from './dialect.ts';
import type { FileSource, InnerFile } from './file-source.ts';
import { firstBytes } from './first-bytes.ts';
import { CORE_ID, TableFile } from './meta-table.ts';
import { chunksOf } from './text-input.ts';
import { packedFault } from './unpack/unpack.ts';

/** Columns of the core that are kept whatever is in them: names of what is to be seen. */
const ALWAYS = ['species', 'scientificName', 'genus', 'family'];
/** What a table calls the address of the file itself, best first; `references` is a page. */
const URLS = ['identifier', 'accessURI'];
const IN_CORE = 'associatedMedia';
const META_BYTES = 4 * 1024 * 1024;
const HEAD_BYTES = 1024 * 1024;
const SAMPLE_ROWS = 1000;

export interface DarwinCore {
  readonly inner: InnerFile;
  /** As `multimedia.txt, tab-separated, joined with occurrence.txt`. */
  readonly how: string;
  readonly said: readonly string[];
}

/** What is known of an archive: its files by their names, as meta.xml has them. */
export interface ArchiveFiles {
  readonly name: string;
  readonly meta: FileSource;
  /** Undefined for what is not there. */
  find(names: readonly string[]): Promise<ReadonlyMap<string, FileSource & { readonly bytes: number }>>;
  close(): Promise<void>;
}

/** Errors: FDC_ERR_MANIFEST_COLUMN without pictures in it, FDC_ERR_MANIFEST_NOT_FOUND for a table that is not there. */
export async function openDarwinCore(
  files: ArchiveFiles,
  settings: ManifestSettings,
  signal: AbortSignal,
): Promise<DarwinCore> {
  const { name } = files;
  const meta = await metaOf(files, signal);
  const media = meta.extensions.find((table) => urlColumnOf(table) !== undefined && /media|image/i.test(table.rowType));
  if (media === undefined && !meta.core.names.includes(IN_CORE))
    throw new FlowDcError(
      'FDC_ERR_MANIFEST_COLUMN',
      `${name} has no table of pictures (its tables: ${tablesOf(meta)})`,
      {
        advice: `; name a table with URLs in it, as ${name}::FILE, if there is one`,
      },
    );
  const wanted = [...meta.core.files, ...(media?.files ?? [])];
  const found = await files.find(wanted);
  const missing = wanted.find((file) => !found.has(file));
  if (missing !== undefined)
    throw new FlowDcError('FDC_ERR_MANIFEST_NOT_FOUND', `${name} has no ${missing}, which its meta.xml names`);
  const sources = (table: MetaTable): FileSource[] => table.files.map((file) => found.get(file) as FileSource);
  const core = new TableFile(sources(meta.core), meta.core, settings);
  const rows = media && new TableFile(sources(media), media, settings, urlColumnOf(media));
  const { kept, left } = await keptColumns(core, settings, rows?.names ?? [], signal);
  const bytes = wanted.reduce((sum, file) => sum + (found.get(file)?.bytes ?? 0), 0);
  const text = rows === undefined ? ofCore(core, kept) : ofMedia(rows, core, kept, files.name);
  const how =
    `${(media ?? meta.core).files.join(' and ')}, ${(rows ?? core).words}` +
    (rows === undefined ? ', a row for each of associatedMedia' : `, joined with ${meta.core.files.join(' and ')}`);
  const said =
    left === 0 ? [] : [`${name}: ${left} columns of ${meta.core.files[0]} are empty in its first rows, and left out`];
  const head = async (end: AbortSignal): Promise<Buffer> => {
    const lines: Buffer[] = [Buffer.from(text.header)];
    for await (const batch of (rows ?? core).first(SAMPLE_ROWS, end)) lines.push(text.unjoined(batch));
    return Buffer.concat(lines);
  };
  const telling = async (end: AbortSignal): Promise<Buffer> => {
    const heads = wanted.map((file) => firstBytes(chunksOf(found.get(file) as FileSource, end), HEAD_BYTES));
    return Buffer.concat(await Promise.all(heads));
  };
  return {
    how,
    said,
    inner: {
      bytes,
      head,
      isSlow: true,
      telling,
      format: { format: 'csv', dialect: PLAIN_DIALECT, encoding: 'utf-8' },
      urlColumn: text.urlColumn,
      chunks: (end, warn = () => {}) => text.chunks(end, warn),
      close: () => files.close(),
    },
  };
}

async function metaOf({ name, meta }: ArchiveFiles, signal: AbortSignal): Promise<MetaXml> {
  const bytes = await firstBytes(chunksOf(meta, signal), META_BYTES);
  try {
    return await readMetaXml(Readable.from([bytes]));
  } catch (error) {
    throw packedFault(error, 'meta.xml', name, bytes.length);
  }
}

function urlColumnOf({ names }: MetaTable): string | undefined {
  return URLS.find((name) => names.includes(name));
}

function tablesOf({ core, extensions }: MetaXml): string {
  return someOf(
    [core, ...extensions].map(({ files, rowType }) => `${files.join('+')} of ${rowType}`),
    5,
  );
}

interface KeptColumn {
  readonly name: string;
  /** As it comes out: a column of the pictures may be called so as well. */
  readonly as: string;
}

async function keptColumns(
  core: TableFile,
  { labelColumn, captionColumn, keyColumn }: ManifestSettings,
  taken: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly kept: readonly KeptColumn[]; readonly left: number }> {
  const named = core.names
    .filter((name) => name !== CORE_ID || !taken.includes(name))
    .map((name) => ({ name, as: taken.includes(name) ? `occurrence_${name}` : name }));
  const asked = new Set([...ALWAYS, labelColumn, captionColumn, keyColumn]);
  const filled = new Set<string>();
  for await (const batch of core.first(SAMPLE_ROWS, signal))
    batch.schema.fields.forEach(({ name }, at) => {
      if ((batch.data.children[at]?.nullCount ?? 0) < batch.numRows) filled.add(name);
    });
  const kept = named.filter(({ name, as }) => filled.has(name) || asked.has(name) || asked.has(as));
  return { kept, left: named.length - kept.length };
}

/** An archive as a text of csv. */
interface ArchiveText {
  readonly header: string;
  readonly urlColumn: string;
  chunks(signal: AbortSignal, warn: (message: string) => void): AsyncGenerator<Buffer, void>;
  /** Rows of one table alone: which columns there are, and what is in some. */
  unjoined(batch: RecordBatch): Buffer;
}

function headerOf(names: readonly string[]): string {
  return `${names.map(csvCell).join(',')}\n`;
}

function ofMedia(rows: TableFile, core: TableFile, kept: readonly KeptColumn[], name: string): ArchiveText {
  const columns = rows.names;
  const header = headerOf([...columns, ...kept.map(({ as }) => as)]);
  return {
    header,
    urlColumn: rows.urlColumn as string,
    async *chunks(signal, warn) {
      yield Buffer.from(header);
      const one = { read: () => rows.batches(signal, warn), idColumn: rows.idColumn, columns };
      const other = {
        read: () => core.batches(signal, warn),
        idColumn: core.idColumn,
        columns: kept.map((column) => column.name),
      };
      yield* joinedLines(one, other, signal, (unmatched) => {
        if (unmatched > 0)
          warn(`${name}: ${count(unmatched)} rows belong to no row of ${core.label}: null in its columns`);
      });
    },
    unjoined: (batch) => {
      const none = ','.repeat(kept.length);
      return Buffer.from(
        linesOf(batch, columns)
          .map((line) => `${line}${none}\n`)
          .join(''),
      );
    },
  };
}

/** Without a table of pictures: several addresses stand in one cell of the core. */
function ofCore(core: TableFile, kept: readonly KeptColumn[]): ArchiveText {
  const columns = kept.map(({ name }) => name);
  const header = headerOf(['identifier', ...kept.map(({ as }) => as)]);
  const exploded = (batch: RecordBatch): Buffer => {
    const out: string[] = [];
    const lines = linesOf(batch, columns);
    cellsOf(batch, IN_CORE, batch.numRows).forEach((cell, row) => {
      for (const url of addressesIn(cell ?? '')) out.push(`${csvCell(url)},${lines[row]}\n`);
    });
    return Buffer.from(out.join(''));
  };
  return {
    header,
    urlColumn: 'identifier',
    async *chunks(signal, warn) {
      yield Buffer.from(header);
      for await (const batch of core.batches(signal, warn)) yield exploded(batch);
    },
    unjoined: exploded,
  };
}

/** Divided as the standard says, or as people do. */
function addressesIn(cell: string): string[] {
  const parts = cell.includes('|') ? cell.split('|') : cell.split(/[;,]?\s+(?=[a-z]+:\/\/)|[;,](?=[a-z]+:\/\/)/i);
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}
