/** Whether a manifest has the columns of a dataset: tables of different columns cannot be read as one. */
import { DataType, type RecordBatch, type Schema } from 'apache-arrow';
import { nullData } from '../arrow/column-types.ts';
import { schemaBatch } from '../arrow/columns.ts';
import type { SinkSettings } from '../config/types.ts';
import { DUPLICATE_OF, OUTCOME_COLUMNS } from '../dataset/column-names.ts';
import { intactFile, tableOf } from '../dataset/files/intact-file.ts';
import { img2datasetTable } from '../dataset/img2dataset-table.ts';
import { IMG2DATASET_COLUMNS, OWN_PREFIX } from '../dataset/img2dataset-words.ts';
import { outcomeTable } from '../dataset/outcome-table.ts';
import { decodeAsWritten, encodeParquet } from '../dataset/parquet-file.ts';
import { publisher } from '../dataset/published.ts';
import { UnitOutcomes } from '../dataset/unit-outcomes.ts';
import { someOf } from '../short-text.ts';
import type { SettledDataset } from './settled-rows.ts';

/** Columns that are named in a message. Chosen. */
const NAMED = 4;
const OURS: ReadonlySet<string> = new Set([...OUTCOME_COLUMNS, DUPLICATE_OF]);
const THEIRS: ReadonlySet<string> = new Set([...IMG2DATASET_COLUMNS, 'url', 'caption']);
const ROW = { index: 0, row: 0, key: '', url: '', label: null, caption: null, sourceFile: '', sourceRow: 0 };

/**
 * What its columns differ in from those of the dataset, in words; undefined where they do not, or there is no table yet.
 * @param schema - of the manifest's batches
 */
export async function otherColumns(
  { files, decided }: SettledDataset,
  schema: Schema,
  sink: Pick<SinkSettings, 'compat' | 'keepCredentials' | 'redactQuery'>,
): Promise<string | undefined> {
  for await (const record of decided.records()) {
    const table = tableOf(record);
    // One that is damaged is for `repair`; the next one has the same columns.
    const content = table && (await intactFile(files.final(table.name), table).catch(() => undefined));
    const written = content && typesOf(content);
    if (written !== undefined) return differences(written, typesOf(encodeParquet(tableLike(schema, sink))) as Types);
  }
  return undefined;
}

type Types = ReadonlyMap<string, string>;

/** A table of one row, as the sink would write it. */
function tableLike(
  schema: Schema,
  sink: Pick<SinkSettings, 'compat' | 'keepCredentials' | 'redactQuery'>,
): RecordBatch {
  const children = schema.fields.map(({ type }) => nullData(type, 1));
  const batch = schemaBatch(schema, 1, children);
  const [outcomes, publish] = [new UnitOutcomes([ROW]), publisher(sink)];
  return sink.compat === undefined
    ? outcomeTable(outcomes, batch, publish)
    : img2datasetTable(outcomes, { shard: '', batch }, publish);
}

/** Of the manifest's columns, by their names in the table. */
function typesOf(content: Uint8Array): Types | undefined {
  const schema = decodeAsWritten(content)[0]?.schema;
  if (schema === undefined) return undefined;
  const isForeign = schema.fields.some(({ name }) => name.startsWith(OWN_PREFIX));
  const isOwn = (name: string): boolean =>
    isForeign ? THEIRS.has(name) || name.startsWith(OWN_PREFIX) : OURS.has(name);
  return new Map(schema.fields.filter(({ name }) => !isOwn(name)).map(({ name, type }) => [name, typeName(type)]));
}

function typeName(type: DataType): string {
  return String(DataType.isDictionary(type) ? type.dictionary : type);
}

function differences(before: Types, now: Types): string | undefined {
  const more = [...now.keys()].filter((name) => !before.has(name));
  const less = [...before.keys()].filter((name) => !now.has(name));
  const other = [...now].flatMap(([name, type]) => {
    const was = before.get(name);
    return was === undefined || was === type ? [] : [`${name} (${was}, now ${type})`];
  });
  const found = [
    ['more columns', more],
    ['no column', less],
    ['other types of', other],
  ] as const;
  const words = found.flatMap(([what, names]) => (names.length === 0 ? [] : [`${what} ${someOf(names, NAMED)}`]));
  return words.length === 0 ? undefined : `it has ${words.join('; ')}`;
}
