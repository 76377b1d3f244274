/** The rows of a parquet file with the media in it: what stands beside the bytes of every stored sample. */
import { Binary, type Data, DataType, Field, makeData, type RecordBatch, Struct, Utf8 } from 'apache-arrow';
import { batchOf, int32Column, utf8Column } from '../arrow/columns.ts';
import { jsonReader } from '../arrow/json-value.ts';
import { takeRows } from '../arrow/take.ts';
import type { FetchResult, UnitRow } from '../record.ts';
import { readRoles } from '../unit-rows.ts';
import { manifestColumns } from './column-names.ts';
import { type Publish, publishedColumn } from './published.ts';
import { int64Column } from './unit-outcomes.ts';

/** What the column of bytes is: Hugging Face decodes all but files. */
export type MediaColumn = 'image' | 'video' | 'audio' | 'file';

/** What a row needs to know of a result whose bytes are written. */
export interface StoredRow extends Pick<FetchResult, 'sha256' | 'width' | 'height' | 'bytes' | 'contentType'> {
  readonly row: UnitRow;
  /** Path of the sample: what it would be called in an archive. */
  readonly name: string;
}

/**
 * Stored rows of a unit as a batch, the media in front as a struct of bytes and path, with empty bytes.
 * @param batch - of the unit
 */
export function dataTable(
  batch: RecordBatch,
  publish: Publish,
  media: MediaColumn,
): (rows: readonly StoredRow[]) => RecordBatch {
  const roles = new Set<string>(Object.values(readRoles(batch.schema)));
  const columns = manifestColumns(batch.schema, [media])
    .filter(({ given }) => !roles.has(given))
    .map(({ index, name }) => {
      const column = publishedColumn(batch.data.children[index] as Data, publish, false);
      return [name, readable(column)] as const;
    });
  const manifest = columns.length === 0 ? undefined : batchOf(columns);
  const maybe = (text: string | null): string | null => (text === null ? null : publish(text));
  return (stored) => {
    const rows = stored.map(({ row }) => row.index);
    const taken = manifest && takeRows([manifest], { batches: rows.map(() => 0), rows });
    const ofRows = (value: (row: UnitRow) => string | null): Data => utf8Column(stored.map(({ row }) => value(row)));
    return batchOf(
      [
        [media, mediaColumn(stored.map(({ name }) => name))],
        ['key', ofRows(({ key }) => publish(key))],
        ['url', ofRows(({ url }) => publish(url))],
        ['label', ofRows(({ label }) => maybe(label))],
        ['caption', ofRows(({ caption }) => maybe(caption))],
        ['sha256', utf8Column(stored.map(({ sha256 }) => sha256))],
        ['width', int32Column(stored.map(({ width }) => width))],
        ['height', int32Column(stored.map(({ height }) => height))],
        ['content_type', utf8Column(stored.map(({ contentType }) => contentType))],
        ['bytes', int64Column(stored.map(({ bytes }) => bytes))],
        ['row', int64Column(stored.map(({ row }) => row.row))],
        ...(taken?.schema.fields ?? []).map(({ name }, at) => [name, taken?.data.children[at] as Data] as const),
      ],
      new Map(mediaMetadata(media)),
    );
  };
}

/** What tells Hugging Face to decode the column. */
export function mediaMetadata(media: MediaColumn): [string, string][] {
  if (media === 'file') return [];
  const type = `${media.slice(0, 1).toUpperCase()}${media.slice(1)}`;
  return [['huggingface', JSON.stringify({ info: { features: { [media]: { _type: type } } } })]];
}

/** As Hugging Face stores media: a struct of bytes and path. */
function mediaColumn(paths: readonly string[]): Data {
  const { length } = paths;
  const fields = [new Field('bytes', new Binary(), true), new Field('path', new Utf8(), true)];
  const bytes = makeData({
    type: new Binary(),
    ...{ length, nullCount: 0, valueOffsets: new Int32Array(length + 1), data: new Uint8Array(0) },
  });
  return makeData({ type: new Struct(fields), length, nullCount: 0, children: [bytes, utf8Column(paths)] });
}

/** Columns with maps in them, which Hugging Face cannot read, as JSON text. */
export function readable(data: Data): Data {
  if (!hasMap(data.type)) return data;
  const read = jsonReader(data);
  return utf8Column(
    Array.from({ length: data.length }, (_, row) => {
      const value = read(row);
      return value === null ? null : JSON.stringify(value);
    }),
  );
}

function hasMap(type: DataType): boolean {
  return DataType.isMap(type) || ((type.children ?? []) as readonly Field[]).some((field) => hasMap(field.type));
}
