import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Data, RecordBatch } from 'apache-arrow';
import { onTestFinished } from 'vitest';
import { jsonReader } from '../../../../src/arrow/json-value.ts';
import type { ManifestReader } from '../../../../src/stages/manifest/manifest-reader.ts';
import { type ReadManifestOptions, readManifest } from '../../../../src/stages/manifest/read-manifest.ts';

export interface Collected {
  readonly rows: Record<string, unknown>[];
  readonly batches: RecordBatch[];
  /** What the stream failed with, after the rows. */
  readonly error?: Error & { code?: string };
}

/** Everything that a reader hands on. */
export async function collect(reader: ManifestReader): Promise<Collected> {
  const batches: RecordBatch[] = [];
  try {
    for await (const batch of reader) batches.push(batch);
    return { rows: batches.flatMap(rowsOf), batches };
  } catch (error) {
    return { rows: batches.flatMap(rowsOf), batches, error: error as Error };
  }
}

/** A batch's rows as objects of JSON values. */
export function rowsOf(batch: RecordBatch): Record<string, unknown>[] {
  const readers = batch.schema.fields.map(
    (field, i) => [field.name, jsonReader(batch.data.children[i] as Data)] as const,
  );
  return Array.from({ length: batch.numRows }, (_, row) =>
    Object.fromEntries(readers.map(([name, read]) => [name, read(row)])),
  );
}

/** A folder that goes with the test. */
export async function folder(files: Record<string, string | Uint8Array> = {}): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'flow-dc-manifest-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(made, name), content);
  return made;
}

/** What a file's rows are read as: its own columns, and what was said. */
export async function readText(name: string, content: string | Uint8Array, options: ReadManifestOptions = {}) {
  const dir = await folder({ [name]: content });
  return readAt(path.join(dir, name), options);
}

export async function readAt(at: string, options: ReadManifestOptions = {}) {
  const reader = readManifest(at, options);
  const { rows, batches, error } = await collect(reader);
  const own = rows.map((row) => {
    const { 'flow_dc:row': number, 'flow_dc:source_file': _file, 'flow_dc:source_row': from, ...rest } = row;
    return { at: `${number}<${from}`, ...rest };
  });
  const info = error === undefined ? await reader.ready : undefined;
  return { rows: own, batches, error, warnings: reader.warnings, info };
}

export function fieldOf(row: object | undefined, name: string): unknown {
  return (row as Record<string, unknown> | undefined)?.[name];
}
