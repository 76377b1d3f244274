/** Parquet by every writer and of every type; and columns that nobody needs and nobody can read. */
import { type ManifestCase, PLAIN, SIMPLE, TYPED, URLS } from './manifest-case.ts';

const whole = (input: string, rows: ManifestCase['rows'] = TYPED): ManifestCase => ({ name: input, input, rows });
const nulls = PLAIN.map(() => null);
const odd = (
  input: string,
  column: string,
  why: string | RegExp,
  rows: ManifestCase['rows'] = SIMPLE,
): ManifestCase => ({
  name: input,
  input,
  rows: { ...rows, [column]: nulls },
  says: [why],
});

/** Files of the same table, one behind the other. */
const group = (
  name: string,
  folder: string,
  files: string,
  rows: Record<string, readonly unknown[]> = TYPED,
): ManifestCase => {
  const names = files.split(' ');
  const all = Object.entries(rows).map(([column, values]) => [column, names.flatMap(() => values)]);
  return { name, input: names.map((file) => `${folder}/${file}.parquet`), rows: Object.fromEntries(all) };
};

export const PARQUET: readonly ManifestCase[] = [
  whole('pandas/plain.parquet'),
  group('pandas: every codec, an index, categories', 'pandas', 'gzip brotli zstd lz4 none url-is-index category'),
  group('polars: every codec', 'polars', 'zstd lz4 snappy gzip brotli uncompressed'),
  whole('polars/types.parquet', {
    ...SIMPLE,
    kind: ['x', 'y', null, 'x', 'y', null],
    rank: ['lo', 'hi', null, 'lo', 'hi', null],
  }),
  whole('polars/null-type.parquet', { ...SIMPLE, nothing: nulls }),
  group('pyarrow: pages, groups, encodings', 'pyarrow', 'v1 pages-v2 small-groups no-dictionary delta large-string'),
  group('pyarrow: kinds of text', 'pyarrow', 'string-view dictionary binary-url', SIMPLE),
  whole('pyarrow/byte-stream-split.parquet', { ...SIMPLE, x: [0.5, null, 1.5, 0.5, null, 1.5] }),
  whole('pyarrow/timestamps.parquet', SIMPLE),
  whole('pyarrow/int96.parquet', SIMPLE),
  whole('pyarrow/types.parquet', SIMPLE),
  group('DuckDB: codecs and versions', 'duckdb', 'snappy zstd v2 lz4-raw'),
  whole('duckdb/types.parquet', SIMPLE),
  odd('duckdb/interval.parquet', 'lasts', 'lasts'),
  group('pyarrow: nulls within lists, structs and maps', 'pyarrow', 'odd-nothing odd-nothings odd-boxes', SIMPLE),
  whole('pyarrow/odd-all.parquet', SIMPLE),
  odd('pyarrow/encrypted-column.parquet', 'caption', /caption .*encrypted/, { url: URLS }),
  odd('pyarrow/encrypted-n.parquet', 'n', /\bn .*encrypted/, { url: URLS, caption: PLAIN }),
  {
    name: 'pyarrow/encrypted-url.parquet',
    input: 'pyarrow/encrypted-url.parquet',
    code: 2,
    says: [/url .*encrypted/],
  },
  {
    name: 'pyarrow/not-utf8.parquet',
    input: 'pyarrow/not-utf8.parquet',
    rows: { url: URLS, caption: ['caf\ufffd', '\ufffd\ufffd', 'ok', null, 'fine', '\ufffd'] },
    says: ['not UTF-8'],
  },
  {
    name: 'columns that are left out',
    input: 'pyarrow/odd-all.parquet',
    flags: ['--drop-columns', 'nothing*,boxes,empty,pairs'],
    rows: { ...SIMPLE, nothing: nulls.map(() => undefined) },
  },
  {
    name: 'the only columns that are kept',
    input: 'duckdb/types.parquet',
    flags: ['--keep-columns', 'url,caption'],
    rows: { url: URLS, caption: PLAIN, n: nulls.map(() => undefined) },
  },
];
