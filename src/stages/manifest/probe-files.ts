/** What files are, by their first bytes, and the columns that they have. */
import { Readable } from 'node:stream';
import { Field, Schema, Utf8 } from 'apache-arrow';
import { kindMetadata } from '../../arrow/typed-text.ts';
import type { ManifestSettings } from '../../config/types.ts';
import { FlowDcError } from '../../errors.ts';
import { inOrder } from '../../structures/in-order.ts';
import type { InnerTables } from './archive-tables.ts';
import { tooWide } from './bounds.ts';
import { detectFormat } from './detect-format.ts';
import { firstBatch } from './file-batches.ts';
import {
  closeSource,
  type FileSource,
  isInner,
  isRemote,
  type ReadableSource,
  sourceOf,
  withSource,
} from './file-source.ts';
import { givenText } from './given-text.ts';
import { headOfFile } from './head-of-file.ts';
import { otherColumnsIn, tablesWithin } from './inner-files.ts';
import { withKeptTail } from './kept-tail.ts';
import type { ManifestFile } from './manifest-info.ts';
import type { Surroundings } from './manifest-reader.ts';
import type { LostColumn } from './parquet-footer.ts';
import { textRows } from './text-input.ts';

/** A row group is held compressed while it is read: from here on it is said, and from there on refused. */
const WARN_ROW_GROUP_BYTES = 512 * 1024 * 1024;
const MAX_ROW_GROUP_BYTES = 1536 * 1024 * 1024;
/** Looking into a file behind a URL is a few round trips, and of each one the first MiB is held meanwhile. Chosen. */
const LOOKS_AT_ONCE = 8;

/** What a file is by its first bytes. */
interface Looked {
  readonly file: ManifestFile;
  /** Of parquet: the same bytes, with those of the end at hand. */
  readonly near?: ReadableSource | undefined;
  /** Of anything else. */
  readonly schema?: Schema | undefined;
  readonly said: readonly string[];
}

/** What a file is, and its columns. */
export interface Probe {
  readonly file: ManifestFile;
  readonly schema: Schema;
  /** What is odd about it. */
  readonly said: readonly string[];
  readonly lost: readonly LostColumn[];
}

/** Look into files, and into what is within them, in their order. Errors: see readManifest. */
export async function* probeFiles(
  sources: readonly FileSource[],
  settings: ManifestSettings,
  surroundings: Surroundings,
): AsyncGenerator<Probe, void> {
  for (const source of sources) surroundings.atEnd(() => closeSource(source));
  const looking = inOrder(sources, LOOKS_AT_ONCE, (source) => look(source, settings, surroundings));
  for await (const found of looking) for (const looked of found) yield await probe(looked, surroundings);
}

/** What can be found out about several files at a time. */
async function look(source: FileSource, settings: ManifestSettings, surroundings: Surroundings): Promise<Looked[]> {
  const { name, typed, pageError, within } = source;
  const near = isRemote(source) ? { ...source, remote: withKeptTail(source.remote) } : source;
  const found = await headOfFile(near, surroundings.signal);
  const { identity, ...head } = found;
  if (pageError !== undefined && /^\s*<(!doctype html|html|head|body)/i.test(head.head.toString('latin1', 0, 512)))
    throw pageError;
  const inner = await tablesWithin(source, found, settings, surroundings.signal);
  if (inner !== undefined) return lookWithin(source, inner, settings, surroundings);
  if (source.member !== undefined) throw noArchive(source);
  const given = { ...givenText(settings), isPipe: surroundings.types.isPipe };
  const known = isInner(source) ? source.inner : undefined;
  const format = known?.format ?? detectFormat({ ...head, name, typed }, settings.format, given);
  const how = [within, format.how].filter((part) => part !== undefined).join(', ') || undefined;
  const file = withSource({ ...identity, ...format, how, within, urlColumn: known?.urlColumn }, source);
  if (known?.isSlow === true) return [{ file, schema: await schemaOfHead(file, head.head), said: [] }];
  if (isInner(near) || file.format !== 'parquet')
    return [{ file, schema: (await firstBatch(file, surroundings)).schema, said: [] }];
  return [{ file, near, said: [] }];
}

/** Of what would take long to be made whole. */
async function schemaOfHead(file: ManifestFile, head: Buffer): Promise<Schema> {
  const input = { name: file.name, isLive: false, isCut: true, maxRecordBytes: head.length, warn: () => {} };
  for await (const batch of textRows({ ...input, chunks: Readable.from([head]) }, file)) return batch.schema;
  throw new FlowDcError('FDC_ERR_MANIFEST_EMPTY', `${file.name} has no rows: expected at least one`);
}

/** Errors: FDC_ERR_MANIFEST_COLUMN for tables that nobody chose and that do not belong together. */
async function lookWithin(
  { name, member }: FileSource,
  { sources, said }: InnerTables,
  settings: ManifestSettings,
  surroundings: Surroundings,
): Promise<Looked[]> {
  const looked: Looked[] = [];
  for (const source of sources) {
    surroundings.atEnd(() => closeSource(source));
    looked.push(...(await look(source, settings, surroundings)));
  }
  const columns = looked.flatMap(({ schema }) =>
    schema === undefined ? [] : [JSON.stringify(schema.fields.map((field) => field.name).sort())],
  );
  if (member === undefined && new Set(columns).size > 1)
    throw otherColumnsIn(
      name,
      looked.map(({ file }) => file.name),
    );
  return looked.map((found, at) => (at === 0 ? { ...found, said: [...said, ...found.said] } : found));
}

function noArchive({ name, member }: FileSource): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_MANIFEST_NOT_FOUND',
    `${name} is no archive, so that there is no ${member} in it: name the file alone`,
  );
}

/** With the columns that its folders give. */
async function probe(looked: Looked, surroundings: Surroundings): Promise<Probe> {
  const { file, schema, said, lost } = await probeFile(looked, surroundings);
  const source = sourceOf(file);
  const names = schema.fields.map(({ name }) => name);
  const known = withSource({ ...file, ownColumns: names }, source);
  const more = [...(source.hive?.keys() ?? [])].filter((name) => !names.includes(name));
  const fields = [...schema.fields, ...more.map((name) => new Field(name, new Utf8(), true))];
  return { file: known, schema: new Schema(fields, schema.metadata), said, lost };
}

/** The parquet thread has one file open at a time. */
async function probeFile(
  { file, near, schema: known, said: before }: Looked,
  surroundings: Surroundings,
): Promise<Probe> {
  if (near === undefined || known !== undefined)
    return { file, schema: known ?? new Schema([]), said: [...before, ...otherEncoding(file)], lost: [] };
  const { name } = file;
  const { schema: stored, rows, rowGroupBytes, rowBytes, uuids, lost } = await surroundings.thread.head(near);
  const schema = surroundings.types.uuids ? withUuids(stored, uuids) : stored;
  const unread = lost.map(({ name: column, why }) => `${name}: the column ${column} ${why}; it is left null`);
  const said = [...before, ...checkRowGroups(name, rowGroupBytes), ...unread];
  const most = surroundings.maxRecordBytes;
  if (rowBytes > most)
    throw tooWide(`${name} has rows of ${Math.round(rowBytes)} bytes, expected at most ${most} (max_record)`);
  return { file: withSource({ ...file, rows, rowGroupBytes }, sourceOf(file)), schema, said, lost };
}

/** UUIDs are text from here on: as bytes, nobody reads them. */
function withUuids(schema: Schema, uuids: readonly string[]): Schema {
  if (uuids.length === 0) return schema;
  const fields = schema.fields.map((field) =>
    uuids.includes(field.name) ? new Field(field.name, new Utf8(), true, kindMetadata('uuid')) : field,
  );
  return new Schema(fields, schema.metadata);
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
