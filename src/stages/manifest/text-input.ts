/** A file's bytes. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { RecordBatch } from 'apache-arrow';
import { delimitedRows } from './delimited-rows.ts';
import { PLAIN_DIALECT } from './dialect.ts';
import { type FileSource, isInner, isRemote, type LocalSource } from './file-source.ts';
import { lineRows } from './line-rows.ts';
import type { DetectedFormat } from './manifest-info.ts';
import { unopenable } from './resolve-inputs.ts';
import { asUtf8 } from './text-encoding.ts';
import type { TextInput } from './text-rows.ts';

/**
 * A file's bytes. FDC_ERR_MANIFEST_NOT_FOUND when it cannot be opened; errors of RemoteFile.
 * @param onEnd - told the sha256 of all of them, lower-case hex
 */
export async function* fileChunks(
  source: FileSource,
  signal: AbortSignal,
  onEnd: (sha256: string) => void,
  warn?: (message: string) => void,
  onBytes: (bytes: number) => void = () => {},
): AsyncGenerator<Buffer, void> {
  const hash = createHash('sha256');
  for await (const chunk of chunksOf(source, signal, warn)) {
    hash.update(chunk);
    onBytes(chunk.length);
    yield chunk;
  }
  onEnd(hash.digest('hex'));
}

/** Without a sum of them. */
export function chunksOf(
  source: FileSource,
  signal: AbortSignal,
  warn?: (message: string) => void,
): AsyncIterable<Buffer> {
  if (isInner(source)) return source.inner.chunks(signal, warn);
  return isRemote(source) ? source.remote.chunks(signal) : localChunks(source, signal);
}

async function* localChunks({ name, path }: LocalSource, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  const file = createReadStream(path, { signal });
  try {
    yield* file as AsyncIterable<Buffer>;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR'
      ? unopenable(name, error as NodeJS.ErrnoException)
      : error;
  } finally {
    file.destroy();
  }
}

export function isJson({ format }: DetectedFormat): boolean {
  return format === 'json' || format === 'jsonl';
}

/** The rows of a text input, by its format; every column is text. */
export function textRows(
  given: TextInput,
  { format, dialect, encoding = 'auto', rowsAt, areRows }: DetectedFormat,
): AsyncGenerator<RecordBatch, void> {
  const { name, chunks, warn } = given;
  const onGuess = (guess: string): void =>
    warn(`${name} is not UTF-8 from some row on: it is read as ${guess}; if it is anything else, say so with encoding`);
  const input = { ...given, rowsAt, areRows, chunks: asUtf8(chunks, encoding, onGuess) };
  if (format === 'csv' || format === 'tsv') return delimitedRows(input, dialect ?? PLAIN_DIALECT);
  return format === 'txt' ? lineRows(input) : rowsOfJson(input);
}

/** Its reader is loaded for those who need it. */
async function* rowsOfJson(input: TextInput): AsyncGenerator<RecordBatch, void> {
  const { jsonRows } = await import('./json-rows.ts');
  yield* jsonRows(input);
}
