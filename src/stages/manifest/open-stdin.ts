/** Text is handed on as it comes. */
import { fstat } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { Schema } from 'apache-arrow';
import type { ManifestSettings } from '../../config/types.ts';
import { destinationError } from '../../destination/destination.ts';
import { chooseColumns } from './chosen-columns.ts';
import { describeColumns, unify } from './conform.ts';
import { givenText } from './given-text.ts';
import type { GivenRoles } from './guess-roles.ts';
import type { ManifestInfo } from './manifest-info.ts';
import type { OpenManifest, Surroundings } from './manifest-reader.ts';
import { inspectFiles, openFiles, shaped, valuesOf } from './open-files.ts';
import { planColumns } from './plan-shape.ts';
import { otherEncoding } from './probe-files.ts';
import { bearerOf } from './shape.ts';
import { allChunks, headOfStdin, rowsOfHead, STDIN_NAME, type StdinHead } from './stdin-head.ts';
import { isJson, textRows } from './text-input.ts';
import { unpacked } from './unpack/unpack.ts';

export interface StdinSource {
  readonly stdin: Readable;
  /** Keep a copy of the bytes here, so that the same rows can be read again. */
  readonly spoolPath: string | undefined;
  readonly onBytes?: ((bytes: Buffer) => Promise<void>) | undefined;
}

/**
 * What a stream's beginning tells; reading it afterwards starts at its first byte all the same. Parquet, whose footer
 * is at its end, and archives are written to the spool file, or to a temporary one that goes when it has been read.
 */
export async function inspectStdin(
  settings: ManifestSettings,
  given: GivenRoles,
  source: StdinSource,
  surroundings: Surroundings,
): Promise<ManifestInfo> {
  const head = await headOfStdin(source.stdin, settings.format, { ...givenText(settings), isPipe: true });
  if (head.format === 'parquet' || head.isArchive) {
    head.spooled ??= await spoolAll(head, source.spoolPath);
    const file = head.spooled;
    try {
      return await inspectFiles(settings, given, surroundings, [{ name: STDIN_NAME, path: file }]);
    } catch (error) {
      // Nobody comes to read it.
      if (source.spoolPath === undefined) await removeTemporary(file);
      throw error;
    }
  }
  const first = await rowsOfHead(head, surroundings.maxRecordBytes, surroundings.types);
  const columns = unify([{ name: STDIN_NAME, schema: new Schema(first.schema.fields) }]);
  const planned = planColumns(given, settings, columns.fields, (column) => valuesOf(first, column));
  const { said, mirrors, shape } = planned;
  const { fields, roles, guessed, only } = chooseColumns(planned, settings);
  const { format, packing, dialect, how, encoding, rowsAt } = head;
  const file = { name: STDIN_NAME, bytes: 0, hash: '', format, packing, dialect, how, encoding, rowsAt };
  return {
    files: [file],
    ...describeColumns(fields, roles, mirrors),
    guessed,
    ...(only === undefined ? {} : { only }),
    ...(shape === undefined ? {} : { shape }),
    ...(mirrors.length === 0 ? {} : { mirrors }),
    warnings: [...otherEncoding(file), ...columns.warnings, ...said],
  };
}

/** Text is handed on as it comes: no row waits for the next one. */
export async function openStdin(
  info: ManifestInfo,
  settings: ManifestSettings,
  source: StdinSource,
  surroundings: Surroundings,
): Promise<OpenManifest> {
  const { signal, maxRecordBytes, warn } = surroundings;
  const { onBadRow } = settings;
  const about = { name: STDIN_NAME, hasSourceRows: info.shape?.explosion !== undefined };
  const head = await headOfStdin(source.stdin, settings.format, { ...givenText(settings), isPipe: true });
  if (head.spooled !== undefined) {
    const target = head.spooled;
    if (source.spoolPath === undefined) surroundings.atEnd(() => removeTemporary(target));
    return openFiles(info, surroundings);
  }
  const all = counted(allChunks(head), surroundings.onBytes);
  const bytes = source.spoolPath === undefined ? all : spooled(all, source.spoolPath, source.onBytes);
  const chunks = head.packing === undefined ? bytes : unpacked(bytes, head.packing, STDIN_NAME, signal);
  const urlColumn = info.shape === undefined ? info.roles.url : bearerOf(info.shape);
  const typesBy = isJson(head) ? surroundings.types.json : surroundings.types.csv;
  const input = { name: STDIN_NAME, chunks, isLive: true, typesBy, maxRecordBytes, onBadRow, urlColumn, warn };
  return {
    info,
    ofBytes: await lengthOf(source.stdin),
    files: [{ ...about, batches: shaped(textRows(input, head), info, settings) }],
  };
}

/** Of a file that a shell has put there (`< urls.csv`); undefined for a pipe. */
async function lengthOf(stdin: Readable): Promise<number | undefined> {
  const { fd } = stdin as { readonly fd?: unknown };
  const stats = typeof fd === 'number' ? await promisify(fstat)(fd).catch(() => undefined) : undefined;
  return stats?.isFile() ? stats.size : undefined;
}

async function* counted(chunks: AsyncIterable<Buffer>, onBytes: (bytes: number) => void): AsyncGenerator<Buffer, void> {
  for await (const chunk of chunks) {
    onBytes(chunk.length);
    yield chunk;
  }
}

async function spoolAll(head: StdinHead, spoolPath: string | undefined): Promise<string> {
  const made = (): Promise<string> => mkdtemp(path.join(tmpdir(), 'flow-dc-stdin-')).catch(unkept(tmpdir()));
  const target = spoolPath ?? path.join(await made(), 'stdin');
  try {
    for await (const _ of spooled(allChunks(head), target));
    return target;
  } catch (error) {
    await rm(spoolPath ?? path.dirname(target), { recursive: true, force: true });
    throw error;
  }
}

/** With the folder that was made for it. */
function removeTemporary(file: string): Promise<void> {
  return rm(path.dirname(file), { recursive: true, force: true });
}

function unkept(target: string): (error: unknown) => never {
  return (error) => {
    throw destinationError(error, `stdin cannot be kept in ${target}`);
  };
}

async function* spooled(
  chunks: AsyncIterable<Buffer>,
  target: string,
  onBytes: (bytes: Buffer) => Promise<void> = async () => {},
): AsyncGenerator<Buffer, void> {
  const file = await open(target, 'w').catch(unkept(target));
  try {
    for await (const chunk of chunks) {
      await onBytes(chunk);
      await file.appendFile(chunk).catch(unkept(target));
      yield chunk;
    }
    await file.sync().catch(unkept(target));
  } finally {
    await file.close();
  }
}
