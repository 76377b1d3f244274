/** Columns of several files whose names differ in the case of letters only: they are one. */
import { Field, type RecordBatch, Schema } from 'apache-arrow';
import { schemaBatch } from '../../arrow/columns.ts';
import { someOf } from '../../short-text.ts';
import { sourceOf, withSource } from './file-source.ts';
import type { ManifestFile } from './manifest-info.ts';
import type { LostColumn } from './parquet-footer.ts';

/** What a file calls a column, and what it is called in all of them. */
export type Renamed = ReadonlyMap<string, string>;

interface LookedAt {
  readonly file: ManifestFile;
  readonly schema: Schema;
  readonly lost: readonly LostColumn[];
}

/**
 * The same files with one name for each column: the one that was asked for, or else that of the first file. Names that a
 * single file has side by side are two.
 * @param asked - names of columns that the user gave
 */
export function sameColumns<Probe extends LookedAt>(
  probes: readonly Probe[],
  asked: readonly string[],
): { readonly probes: readonly Probe[]; readonly said: readonly string[] } {
  const spellings = new Map<string, Set<string>>();
  const apart = new Set<string>();
  for (const { schema } of probes) {
    const own = new Set<string>();
    for (const { name } of schema.fields) {
      const plain = name.toLowerCase();
      spellings.set(plain, (spellings.get(plain) ?? new Set()).add(name));
      if (own.has(plain)) apart.add(plain);
      own.add(plain);
    }
  }
  const names = new Map<string, string>();
  for (const [plain, all] of spellings) {
    if (all.size < 2 || apart.has(plain)) continue;
    const [first] = all;
    const wanted = [...all].find((name) => asked.includes(name)) ?? (first as string);
    for (const name of all) if (name !== wanted) names.set(name, wanted);
  }
  if (names.size === 0) return { probes, said: [] };
  const words = [...names].map(([own, wanted]) => `${own} is read as ${wanted}`);
  return {
    probes: probes.map((probe) => renamedProbe(probe, names)),
    said: [`${someOf(words, 5)}: columns of several files whose names differ in case only are one`],
  };
}

/** Rows with the columns' common names. */
export async function* renamedBatches(
  batches: AsyncIterable<RecordBatch>,
  renamed: Renamed,
): AsyncGenerator<RecordBatch, void> {
  for await (const batch of batches)
    yield schemaBatch(renamedSchema(batch.schema, renamed), batch.numRows, batch.data.children);
}

/** What a file calls a column that is called so in all of them. */
export function ownName(wanted: string, file: ManifestFile): string {
  for (const [own, name] of file.renamed ?? []) if (name === wanted) return own;
  return wanted;
}

function renamedProbe<Probe extends LookedAt>(probe: Probe, names: Renamed): Probe {
  const own = new Map([...names].filter(([name]) => probe.schema.fields.some((field) => field.name === name)));
  if (own.size === 0) return probe;
  const { file, schema, lost } = probe;
  const named = (name: string): string => own.get(name) ?? name;
  const known = { ...file, renamed: own, ownColumns: file.ownColumns?.map(named) };
  return {
    ...probe,
    file: withSource(known, sourceOf(file)),
    schema: renamedSchema(schema, own),
    lost: lost.map((column) => ({ ...column, name: named(column.name) })),
  };
}

function renamedSchema(schema: Schema, renamed: Renamed): Schema {
  const fields = schema.fields.map(
    ({ name, type, nullable, metadata }) => new Field(renamed.get(name) ?? name, type, nullable, metadata),
  );
  return new Schema(fields, schema.metadata);
}
