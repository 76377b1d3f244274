/** The files of a manifest that was inspected, ready to be read one after the other. */
import { type Data, type RecordBatch, Schema } from 'apache-arrow';
import { textColumn } from '../../arrow/text.ts';
import type { ManifestSettings } from '../../config/types.ts';
import { FlowDcError } from '../../errors.ts';
import { ADVICE_CHARS, shortened, someOf } from '../../short-text.ts';
import { chooseColumns } from './chosen-columns.ts';
import { describeColumns, unify } from './conform.ts';
import { batchesOf, firstBatch } from './file-batches.ts';
import { closeSource, type FileSource, sourceOf } from './file-source.ts';
import type { GivenRoles } from './guess-roles.ts';
import { lookedAt } from './looked-at.ts';
import type { ManifestFile, ManifestInfo } from './manifest-info.ts';
import { MAX_WARNINGS, type OpenManifest, type Surroundings } from './manifest-reader.ts';
import type { LostColumn } from './parquet-footer.ts';
import { planColumns } from './plan-shape.ts';
import { type Probe, probeFiles } from './probe-files.ts';
import { resolveInputs } from './resolve-inputs.ts';
import { sameColumns } from './same-columns.ts';
import { bearerOf, sourcesOf } from './shape.ts';
import { shapedBatches } from './shaped-batches.ts';
import { fileChunks } from './text-input.ts';

/** Values that are looked at when no column name is telling. */
const GUESS_ROWS = 64;

/**
 * Resolve inputs, look into every file and settle the columns; nothing but footers, first bytes and first rows is read.
 * @param found - instead of inputs: files that are known already
 * Errors: see readManifest.
 */
export async function inspectFiles(
  settings: ManifestSettings,
  given: GivenRoles,
  surroundings: Surroundings,
  found?: readonly FileSource[],
): Promise<ManifestInfo> {
  const { sources, warnings } = found
    ? { sources: found, warnings: [] }
    : await resolveInputs(settings.inputs, surroundings.remotes);
  const all: Probe[] = [];
  for await (const probe of probeFiles(sources, settings, surroundings)) all.push(probe);
  const { probes, said: renamings } = sameColumns(all, namesIn(given));
  const columns = unify(probes.map(({ file, schema }) => ({ name: file.name, schema })));
  const hint =
    given.url === undefined ? probes.find(({ file }) => file.urlColumn !== undefined)?.file.urlColumn : undefined;
  const known = hint === undefined ? given : { ...given, url: hint };
  const looked = lookedAt(columns.fields, known, settings);
  const rowsToGuess = looked.length > 0 ? await samples(probes, surroundings, looked) : [];
  const planned = planColumns(
    known,
    settings,
    columns.fields,
    (column) => rowsToGuess.flatMap((batch) => valuesOf(batch, column)),
    probes.flatMap(({ lost }) => lost),
  );
  const { said, mirrors, shape } = planned;
  const { fields, roles, guessed, only } = chooseColumns(planned, settings);
  const urls = [roles.url, ...mirrors].flatMap((name) => (shape === undefined ? [name] : sourcesOf(shape, [name])));
  for (const { file, schema, lost } of probes) checkUrlColumn(file, withoutLost(schema, lost), roles.url, urls);
  const rows = probes.map(({ file }) => file.rows);
  return {
    files: probes.map(({ file }) => file),
    ...describeColumns(fields, roles, mirrors),
    guessed: hint === undefined ? guessed : (['url', ...guessed] as const),
    ...(only === undefined ? {} : { only }),
    ...(shape === undefined ? {} : { shape }),
    ...(mirrors.length === 0 ? {} : { mirrors }),
    ...folderColumns(probes),
    ...(shape?.explosion === undefined && settings.perClass === undefined && rows.every((count) => count !== undefined)
      ? { rows: rows.reduce((sum, count) => sum + count, 0) }
      : {}),
    warnings: [...warnings, ...probes.flatMap(({ said }) => said), ...renamings, ...columns.warnings, ...said]
      .slice(0, MAX_WARNINGS)
      .map((warning) => shortened(warning, ADVICE_CHARS)),
  };
}

/** Columns that roles were given. */
function namesIn(given: GivenRoles): string[] {
  return Object.values(given).flatMap((name) => [name, ...name.split(',')]);
}

/** The files of a manifest that was inspected, ready to be read one after the other. */
export function openFiles(info: ManifestInfo, surroundings: Surroundings, columns?: readonly string[]): OpenManifest {
  for (const source of info.files.map(sourceOf)) surroundings.atEnd(() => closeSource(source));
  return {
    info,
    files: info.files.map((file) => ({
      name: file.name,
      hasSourceRows: info.shape?.explosion !== undefined,
      batches: shaped(
        batchesOf(file, { ...surroundings, urlColumn: info.shape ? bearerOf(info.shape) : info.roles.url }, own(file)),
        info,
        surroundings,
      ),
    })),
  };

  /** Of the file, where not all are wanted. */
  function own({ ownColumns }: ManifestFile): readonly string[] | undefined {
    const wanted = columns ?? info.only;
    if (wanted === undefined) return undefined;
    const sources = info.shape === undefined ? wanted : sourcesOf(info.shape, wanted);
    return ownColumns === undefined ? sources : sources.filter((name) => ownColumns.includes(name));
  }
}

/** Rows as they are made of a file's. */
export function shaped(
  batches: AsyncIterable<RecordBatch>,
  { shape, schema }: Pick<ManifestInfo, 'shape' | 'schema'>,
  { onBadRow }: Pick<Surroundings, 'onBadRow'>,
): AsyncIterable<RecordBatch> {
  const wanted = new Set(schema.fields.map(({ name }) => name));
  return shape === undefined ? batches : shapedBatches(batches, shape, wanted, onBadRow);
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
    await closeSource(source);
  }
}

function withoutLost(schema: Schema, lost: readonly LostColumn[]): Schema {
  return new Schema(schema.fields.filter(({ name }) => !lost.some((one) => one.name === name)));
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
