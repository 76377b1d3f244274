/** What the columns of a manifest are called where they stand beside ours: in the outcome tables and in KEY.json. Pure. */
import type { Schema } from 'apache-arrow';
import { DUPLICATE_COLUMN, isReaderColumn } from '../record.ts';

/** The outcome table's own columns, in their order. */
export const OUTCOME_COLUMNS = [
  ...['key', 'name', 'row', 'source_file', 'source_row', 'url', 'final_url', 'label', 'caption', 'status', 'code'],
  ...[
    'message',
    'http_status',
    'bytes',
    'content_type',
    'sha256',
    'width',
    'height',
    'attempts',
    'attempt_set',
    'headers_ms',
  ],
  ...['total_ms', 'fetched_at', 'etag', 'last_modified', 'host', 'flags'],
] as const;

/** One more, of jobs that fetch every URL once. */
export const DUPLICATE_OF = 'duplicate_of';

/** Names by which loaders and trainers find the media, its text and its class: such a column would take their place. */
const NAMES_WITH_A_MEANING = [
  ...['image', 'images', 'audio', 'video', 'text', 'txt', 'cls', 'json', 'jpg', 'jpeg', 'png', 'webp'],
  ...['__key__', '__url__', '__index__', '__shard__', '__local_path__'],
];

/** Hugging Face's folder loaders open what a column with such an ending names. */
const FILE_NAME_ENDING = /(^|_)file_name(s?)$/i;

export interface NamedColumn {
  /** In the schema. */
  readonly index: number;
  /** In the manifest. */
  readonly given: string;
  /** As it is published. */
  readonly name: string;
}

/**
 * The manifest's columns without the reader's own, in their order, under names that no other has and no consumer gives
 * a meaning; a letter's case is no difference, because Spark, DuckDB and others see none. `manifest_<name>` where a name
 * is taken.
 * @param others - names that are taken as well
 */
export function manifestColumns(schema: Schema, others: readonly string[] = []): NamedColumn[] {
  const taken = new Set<string>([...OUTCOME_COLUMNS, ...NAMES_WITH_A_MEANING, ...others]);
  if (schema.fields.some(({ name }) => name === DUPLICATE_COLUMN)) taken.add(DUPLICATE_OF);
  return schema.fields.flatMap(({ name: given }, index) => {
    if (isReaderColumn(given)) return [];
    const name = freeName(given, taken);
    taken.add(name.toLowerCase());
    return [{ index, given, name }];
  });
}

function freeName(given: string, taken: ReadonlySet<string>): string {
  let name = given;
  if (FILE_NAME_ENDING.test(given)) name = `manifest_${given.replace(FILE_NAME_ENDING, '$1filename$2')}`;
  while (taken.has(name.toLowerCase())) name = `manifest_${name}`;
  return name;
}
