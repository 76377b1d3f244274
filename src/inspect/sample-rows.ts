/** The first rows, as short texts. */
import type { Data, RecordBatch } from 'apache-arrow';
import { textColumn } from '../arrow/text.ts';
import type { ManifestColumn } from '../stages/manifest/manifest-info.ts';

/** Longest text of a sample value. */
const MAX_CHARACTERS = 80;

/** The first `count` rows of a batch, by column: values as text of at most 80 characters, null for null. */
export function sampleRows(
  batch: RecordBatch,
  columns: readonly ManifestColumn[],
  count: number,
): Record<string, string | null>[] {
  const head = batch.slice(0, count);
  const texts = columns.map(({ name }) => [name, textOf(head, name)] as const);
  return Array.from({ length: head.numRows }, (_, row) =>
    Object.fromEntries(texts.map(([name, values]) => [name, values[row] == null ? null : shortText(values[row])])),
  );
}

/** A column of a batch as text. */
export function textOf(batch: RecordBatch, column: string): (string | null)[] {
  const index = batch.schema.fields.findIndex(({ name }) => name === column);
  return textColumn(batch.data.children[index] as Data);
}

/** At most 80 characters on one line; what was cut is said by an ellipsis. */
export function shortText(text: string): string {
  const line = text.length > 4 * MAX_CHARACTERS ? text.slice(0, 4 * MAX_CHARACTERS) : text;
  const characters = [...line.replace(/\s+/g, ' ')];
  return characters.length > MAX_CHARACTERS
    ? `${characters.slice(0, MAX_CHARACTERS - 1).join('')}…`
    : characters.join('');
}
