/** The rows of one file, as its format and its bytes have them. */
import type { RecordBatch } from 'apache-arrow';
import { FlowDcError } from '../../errors.ts';
import { type FileSource, isInner, sourceOf, withSource } from './file-source.ts';
import type { ManifestFile } from './manifest-info.ts';
import type { Surroundings } from './manifest-reader.ts';
import { ownName, renamedBatches } from './same-columns.ts';
import { withConstants } from './shaped-batches.ts';
import { fileChunks, isJson, textRows } from './text-input.ts';
import { unpacked } from './unpack/unpack.ts';

export function batchesOf(
  file: ManifestFile,
  around: Surroundings & { readonly urlColumn?: string },
  columns?: readonly string[],
): AsyncGenerator<RecordBatch, void> {
  const { thread, signal, maxRecordBytes, onBadRow, types, urlColumn, warn, onContent, onBytes } = around;
  const source = sourceOf(file);
  if (file.renamed !== undefined) {
    const bare = withSource({ ...file, renamed: undefined }, source);
    const own = (name: string): string => ownName(name, file);
    const known = urlColumn === undefined ? around : { ...around, urlColumn: own(urlColumn) };
    return renamedBatches(batchesOf(bare, known, columns?.map(own)), file.renamed);
  }
  if (source.hive !== undefined) {
    const { hive, ...bare } = source;
    return withConstants(batchesOf(withSource({ ...file }, bare as FileSource), around, columns), hive);
  }
  if (file.format === 'parquet' && !isInner(source)) return thread.batches(source, columns, warn);
  const bytes = fileChunks(source, signal, (sha256) => onContent(file.name, sha256), warn, onBytes);
  const chunks = file.packing === undefined ? bytes : unpacked(bytes, file.packing, file.name, signal);
  const typesBy = isJson(file) ? types.json : types.csv;
  const input = { name: file.name, chunks, isLive: false, typesBy, maxRecordBytes, onBadRow, urlColumn, warn };
  return textRows(input, file);
}

/** FDC_ERR_MANIFEST_EMPTY for a text input without any row: it has no columns either, unless a header names them. */
export async function firstBatch(
  file: ManifestFile,
  surroundings: Surroundings,
  columns?: readonly string[],
): Promise<RecordBatch> {
  // What is odd about these rows is said when they are read to be handed on.
  const batches = batchesOf(file, { ...surroundings, warn: () => {}, onBytes: () => {}, onBadRow: 'skip' }, columns);
  const first = await batches.next();
  await batches.return();
  if (first.done) throw new FlowDcError('FDC_ERR_MANIFEST_EMPTY', `${file.name} has no rows: expected at least one`);
  return first.value;
}
