/** JSON: rows, lines, and what tools make of a table. */
import { CAPTIONS, type ManifestCase, N, TYPED, URLS } from './manifest-case.ts';

const [A, B, C] = URLS as [string, string, string];
const whole = (input: string, rows: ManifestCase['rows'] = TYPED, says: ManifestCase['says'] = []): ManifestCase => ({
  name: input,
  input,
  rows,
  says,
});
const hand = (name: string, value: unknown, one: Partial<ManifestCase>): ManifestCase => ({
  name,
  input: 'm.json',
  files: { 'm.json': typeof value === 'string' ? value : JSON.stringify(value) },
  ...one,
});
const two = { url: [A, B] };

const WRITTEN: readonly ManifestCase[] = [
  whole('pandas/records.json'),
  whole('pandas/indent.json'),
  whole('pandas/lines.jsonl'),
  whole('pandas/lines.jsonl.gz'),
  whole('pandas/columns.json', TYPED, ['an object of columns is read as a table']),
  whole('pandas/index.json', TYPED, ['an object of rows is read as rows']),
  whole('pandas/split.json', TYPED, ['columns and data are read as a table']),
  whole('pandas/values.json', { url: URLS, column_2: CAPTIONS, column_4: N }, ['arrays are read as rows']),
  whole('pandas/table.json', TYPED, ['its rows are those of the member data']),
  whole('pandas/dict-list.json', TYPED, ['an object of columns is read as a table']),
  whole('pandas/dict-index.json', { ...TYPED, n: [0, 1, 2, 3, 4, null] }),
  whole('pandas/nan.json', { ...TYPED, x: [1.5, null, null, 1.5, null, null] }),
  whole('polars/lines.ndjson'),
  whole('polars/rows.json'),
  whole('duckdb/lines.json'),
  whole('duckdb/array.json'),
];

const MADE: readonly ManifestCase[] = [
  hand('path2url', Object.fromEntries(URLS.map((url, i) => [`d/${i}.jpg`, url])), {
    rows: { url: URLS, path: N.map((i) => `d/${i}.jpg`) },
    says: ['names and URLs'],
  }),
  hand('a list of URLs in JSON', URLS, {}),
  hand(
    'rows of arrays with a header',
    [
      ['url', 'n'],
      [A, 1],
      [B, 2],
    ],
    { rows: { ...two, n: [1, 2] } },
  ),
  hand('lines that are arrays', `["${A}", "a cat"]\n["${B}", "a dog"]\n`, {
    rows: { ...two, column_2: ['a cat', 'a dog'] },
    says: ['arrays are read as rows'],
  }),
  hand('lines that are arrays, with a header', `["url","n"]\n["${A}",1]\n["${B}",2]\n`, {
    rows: { ...two, n: [1, 2] },
  }),
  hand('lines that are texts', `"${A}"\n"${B}"\n`, { rows: two }),
  hand('commas behind the last ones', `[\n  {"url": "${A}", "n": 1,},\n  {"url": "${B}", "n": 2,},\n]\n`, {
    rows: { ...two, n: [1, 2] },
  }),
  hand('lines with commas behind them', `{"url": "${A}", "n": 1},\n{"url": "${B}", "n": 2},\n`, {
    rows: { ...two, n: [1, 2] },
  }),
  hand(
    'an object of lists',
    { url: [A, B], caption: ['x', null], n: [1, 2] },
    {
      rows: { ...two, caption: ['x', null], n: [1, 2] },
      says: ['an object of columns is read as a table'],
    },
  ),
  hand(
    'an object of lists of different lengths',
    { url: [A, B], caption: ['x'] },
    {
      rows: { ...two, caption: ['x', null] },
      says: ['caption'],
    },
  ),
  hand(
    'URLs by what they show',
    { cat: [A, B], dog: [C] },
    { rows: { url: [A, B, C], label: ['cat', 'cat', 'dog'] }, says: ['lists of URLs are read one after the other'] },
  ),
  hand('a text of no letters', `{"url":"${A}","caption":""}\n{"url":"${B}","caption":null}\n`, {
    rows: { ...two, caption: ['', null] },
  }),
  hand('GeoJSON', geo(), {
    rows: { ...two, species: ['Felis catus', null] },
    says: ['its rows are those of the member features', 'properties'],
  }),
  hand(
    'a list far down',
    {
      meta: { pages: 1 },
      response: {
        photos: {
          photo: [
            { id: 1, url_o: A },
            { id: 2, url_o: B },
          ],
        },
      },
    },
    {
      rows: { ...two, id: [1, 2] },
      says: ['response.photos.photo'],
    },
  ),
  hand(
    'a list that is named',
    { a: [{ url: 'http://z.test/1.jpg' }], b: { c: [{ url: A }, { url: B }] } },
    {
      flags: ['--rows-at', 'b.c'],
      rows: two,
    },
  ),
  hand(
    'a list that is named wrongly',
    { a: [{ url: A }] },
    { flags: ['--rows-at', 'b'], code: 2, says: ['rows_at', 'a'] },
  ),
  hand('NaN and infinities', `[{"url":"${A}","x":NaN},{"url":"${B}","x":-Infinity}]`, {
    rows: { ...two, x: [null, null] },
  }),
  hand('a lone surrogate', `[{"url":"${A}","caption":"a \\ud83d b"},{"url":"${B}","caption":"c"}]`, {
    rows: { ...two, caption: ['a \ufffd b', 'c'] },
  }),
  hand('integers beyond 2^53', `[{"url":"${A}","id":9007199254740993},{"url":"${B}","id":1}]`, { rows: two }),
  hand('a mark, and a mark between lines', `\ufeff{"url":"${A}"}\n\ufeff{"url":"${B}"}\n{"url":"${C}"}\n`, {
    rows: { url: [A, B, C] },
  }),
  hand('a bad line', `{"url":"${A}","n":1}\n{"url":"${B}","n":\n{"url":"${C}","n":3}\n`, {
    rows: { url: [A, null, C], n: [1, null, 3] },
    bad: { 2: 'in the middle of a row' },
  }),
  hand('rows one behind the other', `{"url":"${A}"}{"url":"${B}"} {"url":"${C}"}`, { rows: { url: [A, B, C] } }),
];

function geo() {
  const feature = (url: string, species: string | null) => ({
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [1, 2] },
    properties: { url, species },
  });
  return { type: 'FeatureCollection', features: [feature(A, 'Felis catus'), feature(B, null)] };
}

export const JSONS: readonly ManifestCase[] = [...WRITTEN, ...MADE];
