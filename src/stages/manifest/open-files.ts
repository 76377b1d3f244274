/** The files of a manifest that was inspected, ready to be read one after the other. */
import { type Data, Field, type RecordBatch, Schema, Utf8 } from 'apache-arrow';
import { isTextType, textColumn } from '../../arrow/text.ts';
import { isJsonText, kindMetadata } from '../../arrow/typed-text.ts';
import type { ManifestSettings } from '../../config/types.ts';
import { FlowDcError } from '../../errors.ts';
import { shortened, someOf } from '../../short-text.ts';
import { inOrder } from '../../structures/in-order.ts';
import { tooWide } from './bounds.ts';
import { isListType } from './column-paths.ts';
import { describeColumns, unify } from './conform.ts';
import { detectFormat } from './detect-format.ts';
import { type FileSource, isRemote, type ReadableSource, sourceOf, withSource } from './file-source.ts';
import { givenText } from './given-text.ts';
import type { GivenRoles } from './guess-roles.ts';
import { isToldByName } from './guess-url.ts';
import { headOfFile } from './head-of-file.ts';
import { withKeptTail } from './kept-tail.ts';
import type { ManifestFile, ManifestInfo } from './manifest-info.ts';
import { MAX_WARNINGS, type OpenManifest, type Surroundings } from './manifest-reader.ts';
import { type AskedShape, planColumns } from './plan-shape.ts';
import { resolveInputs } from './resolve-inputs.ts';
import { bearerOf, sourcesOf } from './shape.ts';
import { shapedBatches, withConstants } from './shaped-batches.ts';
import { fileChunks, isJson, textRows } from './text-input.ts';
import { unpacked } from './unpack/unpack.ts';

/** A row group is held compressed while it is read: from here on it is said, and from there on refused. */
const WARN_ROW_GROUP_BYTES = 512 * 1024 * 1024;
const MAX_ROW_GROUP_BYTES = 1536 * 1024 * 1024;
/** Values that are looked at when no column name is telling. */
const GUESS_ROWS = 64;
/** Looking into a file behind a URL is a few round trips, and of each one the first MiB is held meanwhile. Chosen. */
const LOOKS_AT_ONCE = 8;

/** What a file is by its first bytes. */
interface Looked {
  readonly file: ManifestFile;
  /** The same bytes, with those of the end at hand. */
  readonly near: ReadableSource;
  /** Of anything but parquet. */
  readonly schema?: Schema | undefined;
}

/** What a file is, and its columns. */
interface Probe {
  readonly file: ManifestFile;
  readonly schema: Schema;
  /** What is odd about it. */
  readonly said: readonly string[];
}

/**
 * Resolve inputs, look into every file and settle the columns; nothing but footers, first bytes and first rows is read.
 * Errors: see readManifest.
 */
export async function inspectFiles(
  settings: ManifestSettings,
  given: GivenRoles,
  surroundings: Surroundings,
): Promise<ManifestInfo> {
  const { sources, warnings } = await resolveInputs(settings.inputs, surroundings.remotes);
  const probes: Probe[] = [];
  for (const source of sources) if (isRemote(source)) surroundings.atEnd(() => source.remote.close());
  const looking = inOrder(sources, LOOKS_AT_ONCE, (source) => look(source, settings, surroundings));
  for await (const looked of looking) probes.push(await probe(looked, surroundings));
  const columns = unify(probes.map(({ file, schema }) => ({ name: file.name, schema })));
  const looked = lookedAt(columns.fields, given, settings);
  const rowsToGuess = looked.length > 0 ? await samples(probes, surroundings, looked) : [];
  const planned = planColumns(given, settings, columns.fields, (column) =>
    rowsToGuess.flatMap((batch) => valuesOf(batch, column)),
  );
  const { roles, guessed, said, mirrors, shape } = planned;
  const urls = [roles.url, ...mirrors].flatMap((name) => (shape === undefined ? [name] : sourcesOf(shape, [name])));
  for (const { file, schema } of probes) checkUrlColumn(file, schema, roles.url, urls);
  const rows = probes.map(({ file }) => file.rows);
  return {
    files: probes.map(({ file }) => file),
    ...describeColumns(planned.fields, roles, mirrors),
    guessed,
    ...(shape === undefined ? {} : { shape }),
    ...(mirrors.length === 0 ? {} : { mirrors }),
    ...folderColumns(probes),
    ...(shape?.explosion === undefined && rows.every((count) => count !== undefined)
      ? { rows: rows.reduce((sum, count) => sum + count, 0) }
      : {}),
    warnings: [...warnings, ...probes.flatMap(({ said }) => said), ...columns.warnings, ...said]
      .slice(0, MAX_WARNINGS)
      .map((warning) => shortened(warning)),
  };
}

/** The files of a manifest that was inspected, ready to be read one after the other. */
export function openFiles(info: ManifestInfo, surroundings: Surroundings, columns?: readonly string[]): OpenManifest {
  for (const source of info.files.map(sourceOf)) if (isRemote(source)) surroundings.atEnd(() => source.remote.close());
  return {
    info,
    files: info.files.map((file) => ({
      name: file.name,
      hasSourceRows: info.shape?.explosion !== undefined,
      batches: shaped(
        batchesOf(file, { ...surroundings, urlColumn: info.shape ? bearerOf(info.shape) : info.roles.url }, own(file)),
        info,
      ),
    })),
  };

  /** Of the file, where not all are wanted. */
  function own({ ownColumns }: ManifestFile): readonly string[] | undefined {
    if (columns === undefined) return undefined;
    const sources = info.shape === undefined ? columns : sourcesOf(info.shape, columns);
    return ownColumns === undefined ? sources : sources.filter((name) => ownColumns.includes(name));
  }
}

/** Rows as they are made of a file's. */
export function shaped(
  batches: AsyncIterable<RecordBatch>,
  { shape, schema }: Pick<ManifestInfo, 'shape' | 'schema'>,
): AsyncIterable<RecordBatch> {
  return shape === undefined ? batches : shapedBatches(batches, shape, new Set(schema.fields.map(({ name }) => name)));
}

/** Columns some values of which have to be known before it is known which are the URLs, and how rows are made of them. */
function lookedAt(fields: readonly Field[], { url }: GivenRoles, { explode }: AskedShape): string[] {
  const names = (isMeant: (field: Field) => boolean): string[] => fields.filter(isMeant).map(({ name }) => name);
  const texts = names(({ type }) => isTextType(type));
  if (explode)
    return names(({ name, type }) => (url === undefined ? isTextType(type) || isListType(type) : isPart(url, name)));
  if (url === undefined) return isToldByName(texts) ? [] : texts;
  return names((field) => isJsonText(field) && isPart(url, field.name));
}

function isPart(url: string, column: string): boolean {
  return url === column || url.startsWith(`${column}.`);
}

function folderColumns(probes: readonly Probe[]): Pick<ManifestInfo, 'folderColumns'> {
  const names = new Set(probes.flatMap(({ file }) => [...(sourceOf(file).hive?.keys() ?? [])]));
  return names.size === 0 ? {} : { folderColumns: [...names].sort() };
}

/** sha256 of all of a file, lower-case hex. Errors: those of readManifest. */
export async function contentOf(file: ManifestFile): Promise<string> {
  const source = sourceOf(file);
  let content = '';
  const keep = (sha256: string): void => {
    content = sha256;
  };
  try {
    for await (const _ of fileChunks(source, new AbortController().signal, keep));
    return content;
  } finally {
    if (isRemote(source)) await source.remote.close();
  }
}

/** What can be found out about several files at a time. */
async function look(source: FileSource, settings: ManifestSettings, surroundings: Surroundings): Promise<Looked> {
  const { name, typed, pageError } = source;
  const near = isRemote(source) ? { ...source, remote: withKeptTail(source.remote) } : source;
  const { identity, ...head } = await headOfFile(near, surroundings.signal);
  if (pageError !== undefined && /^\s*<(!doctype html|html|head|body)/i.test(head.head.toString('latin1', 0, 512)))
    throw pageError;
  const file = withSource(
    {
      ...identity,
      ...detectFormat({ ...head, name, typed }, settings.format, {
        ...givenText(settings),
        isPipe: surroundings.types.isPipe,
      }),
    },
    source,
  );
  if (file.format === 'parquet') return { file, near };
  return { file, near, schema: (await firstBatch(file, surroundings)).schema };
}

/** With the columns that its folders give. */
async function probe(looked: Looked, surroundings: Surroundings): Promise<Probe> {
  const { file, schema, said } = await probeFile(looked, surroundings);
  const source = sourceOf(file);
  const names = schema.fields.map(({ name }) => name);
  const known = withSource({ ...file, ownColumns: names }, source);
  const more = [...(source.hive?.keys() ?? [])].filter((name) => !names.includes(name));
  const fields = [...schema.fields, ...more.map((name) => new Field(name, new Utf8(), true))];
  return { file: known, schema: new Schema(fields, schema.metadata), said };
}

/** The parquet thread has one file open at a time. */
async function probeFile({ file, near, schema: known }: Looked, surroundings: Surroundings): Promise<Probe> {
  if (known !== undefined) return { file, schema: known, said: otherEncoding(file) };
  const { name } = file;
  const { schema: stored, rows, rowGroupBytes, rowBytes, uuids } = await surroundings.thread.head(near);
  const schema = surroundings.types.uuids ? withUuids(stored, uuids) : stored;
  const said = checkRowGroups(name, rowGroupBytes);
  const most = surroundings.maxRecordBytes;
  if (rowBytes > most)
    throw tooWide(`${name} has rows of ${Math.round(rowBytes)} bytes, expected at most ${most} (max_record)`);
  return { file: withSource({ ...file, rows, rowGroupBytes }, sourceOf(file)), schema, said };
}

/** UUIDs are text from here on: as bytes, nobody reads them. */
function withUuids(schema: Schema, uuids: readonly string[]): Schema {
  if (uuids.length === 0) return schema;
  const fields = schema.fields.map((field) =>
    uuids.includes(field.name) ? new Field(field.name, new Utf8(), true, kindMetadata('uuid')) : field,
  );
  return new Schema(fields, schema.metadata);
}

/** Rows of a file without the URL column could only fail, all of them. */
function checkUrlColumn({ name }: ManifestFile, schema: Schema, url: string, sources: readonly string[]): void {
  if (schema.fields.some((field) => sources.includes(field.name))) return;
  const columns = someOf(
    schema.fields.map((field) => field.name),
    8,
  );
  throw new FlowDcError(
    'FDC_ERR_MANIFEST_COLUMN',
    `${name} has no column ${url}, unlike other inputs (it has ${columns}): read it by itself`,
  );
}

/** @returns what to say of a text that is not UTF-8 */
export function otherEncoding({ name, encoding = 'auto' }: Pick<ManifestFile, 'name' | 'encoding'>): string[] {
  if (/^(auto|utf-?8)$/i.test(encoding)) return [];
  return [`${name} is not UTF-8: it is read as ${encoding}; if it is anything else, say so with encoding`];
}

/** @returns what to say of them */
function checkRowGroups(name: string, bytes: number): string[] {
  if (bytes < WARN_ROW_GROUP_BYTES) return [];
  const size =
    `${name} has a row group of ${Math.round(bytes / 2 ** 20)} MiB compressed, which is held in memory while it ` +
    'is read';
  const fix = 'write it with smaller row groups (100,000 rows, say), or with fewer columns';
  if (bytes > MAX_ROW_GROUP_BYTES) throw tooWide(`${size}; at most 1536 MiB can be: ${fix}`);
  return [`${size}; to save memory ${fix}`];
}

/** FDC_ERR_MANIFEST_EMPTY for a text input without any row: it has no columns either, unless a header names them. */
async function firstBatch(
  file: ManifestFile,
  surroundings: Surroundings,
  columns?: readonly string[],
): Promise<RecordBatch> {
  // What is odd about these rows is said when they are read to be handed on.
  const batches = batchesOf(file, { ...surroundings, warn: () => {}, onBadRow: 'skip' }, columns);
  const first = await batches.next();
  await batches.return();
  if (first.done) throw new FlowDcError('FDC_ERR_MANIFEST_EMPTY', `${file.name} has no rows: expected at least one`);
  return first.value;
}

/** A few rows of the first file that has some, if the URL column can only be told by its values. */
async function samples(
  probes: readonly Probe[],
  surroundings: Surroundings,
  columns: readonly string[],
): Promise<RecordBatch[]> {
  const first = probes.find(({ file }) => file.rows !== 0);
  if (first === undefined) return [];
  const own = columns.filter((name) => first.file.ownColumns?.includes(name) !== false);
  return [(await firstBatch(first.file, surroundings, own)).slice(0, GUESS_ROWS)];
}

/** A column's values as text; none where the batch lacks it. */
export function valuesOf(batch: RecordBatch, column: string): (string | null)[] {
  const index = batch.schema.fields.findIndex(({ name }) => name === column);
  return index < 0 ? [] : textColumn(batch.data.children[index] as Data);
}

function batchesOf(
  file: ManifestFile,
  around: Surroundings & { readonly urlColumn?: string },
  columns?: readonly string[],
): AsyncGenerator<RecordBatch, void> {
  const { thread, signal, maxRecordBytes, onBadRow, types, urlColumn, warn, onContent } = around;
  const source = sourceOf(file);
  if (source.hive !== undefined) {
    const { hive, ...bare } = source;
    return withConstants(batchesOf(withSource({ ...file }, bare as FileSource), around, columns), hive);
  }
  if (file.format === 'parquet') return thread.batches(source, columns);
  const bytes = fileChunks(source, signal, (sha256) => onContent(file.name, sha256));
  const chunks = file.packing === undefined ? bytes : unpacked(bytes, file.packing, file.name, signal);
  const typesBy = isJson(file) ? types.json : types.csv;
  const input = { name: file.name, chunks, isLive: false, typesBy, maxRecordBytes, onBadRow, urlColumn, warn };
  return textRows(input, file);
}
