/** Several URLs a row, in one cell or in several; nested columns; URLs made of columns; folders that are columns. */
import { type ManifestCase, N, URLS } from './manifest-case.ts';

const [A, B, C, D] = URLS as [string, string, string, string];
const EACH = { id: ['x', 'x', 'y', 'y', 'z', 'z'], url_index: [0, 1, 0, 1, 0, 1], source_row: [0, 0, 1, 1, 2, 2] };
const EXPLODE = ['--explode'];

const exploded = (name: string, flags: readonly string[] = [], rows: ManifestCase['rows'] = EACH): ManifestCase => ({
  name: `shapes/${name} ${flags.join(' ')}`,
  input: `shapes/${name}`,
  flags: [...EXPLODE, ...flags],
  rows,
  says: ['a row for each URL'],
});
const hand = (name: string, file: string, content: string, one: Partial<ManifestCase>): ManifestCase => ({
  ...{ name, input: file, files: { [file]: content } },
  ...one,
});
const refused = (input: string, says: string | RegExp, flags: readonly string[] = []): ManifestCase => ({
  ...{ name: `${input} ${flags.join(' ')} is refused`, input: `shapes/${input}`, flags, says: [says], code: 2 },
});

const WRITTEN: readonly ManifestCase[] = [
  exploded('pandas-lists.csv'),
  exploded('pandas-arrays.csv'),
  exploded('pandas-joined.csv'),
  exploded('pandas-lists.jsonl'),
  exploded('pandas-lists.parquet'),
  exploded('polars-lists.ndjson'),
  exploded('polars-lists.parquet'),
  exploded('pyarrow-lists.parquet'),
  exploded('pyarrow-lists.parquet', ['--url', 'urls', '--key-col', 'id'], {
    ...EACH,
    key: ['x_0', 'x_1', 'y_0', 'y_1', 'z_0', 'z_1'],
  }),
  exploded('polars-structs.ndjson', ['--caption-col', 'images.alt'], {
    ...EACH,
    caption: N.map((i) => `alt ${i % 2}`),
  }),
  exploded('pyarrow-structs.parquet', ['--url', 'images.url', '--caption-col', 'images.alt'], {
    ...EACH,
    caption: N.map((i) => `alt ${i % 2}`),
  }),
  exploded('pyarrow-deep.parquet', ['--url', 'meta.photos', '--caption-col', 'meta.text'], {
    ...EACH,
    caption: EACH.id,
  }),
  {
    ...{ name: 'the first of each list', input: 'shapes/pyarrow-structs.parquet', flags: ['--url', 'images.0.url'] },
    rows: { url: [A, C, URLS[4]], id: ['x', 'y', 'z'] },
  },
  {
    ...{ name: 'a column of a struct', input: 'shapes/pyarrow-struct.parquet' },
    ...{ flags: ['--url', 'photo.url', '--label', 'photo.size.w'], rows: { label: N.map(String) } },
  },
  { name: 'a key of a map', input: 'shapes/pyarrow-map.parquet', flags: ['--url', 'urls.large'] },
  refused('pyarrow-lists.parquet', /urls holds lists: .*--explode/, ['--url', 'urls']),
  refused('pyarrow-lists.parquet', /name it with url, such as urls with explode/),
  refused('pandas-lists.jsonl', /urls holds lists: .*--explode/),
  refused('pyarrow-struct.parquet', /name it with url, such as photo\.url;/),
  refused('pyarrow-struct.parquet', /photo has no ulr: did you mean photo\.url\?/, ['--url', 'photo.ulr']),
  refused('pyarrow-map.parquet', /urls has others within/, ['--url', 'urls']),
];

/** As GBIF's occurrence tables have them. */
const MEDIA = `gbifID\tassociatedMedia\tspecies\n1\t${A}|${B}\tFelis catus\n2\t${C} | ${D}\tCanis lupus\n`;
const TWO = `gcp_url,aws_url\nftp://no.test/0.jpg,${A}\n${B},ftp://no.test/1.jpg\n,${C}\n${D},\n`;

const MADE: readonly ManifestCase[] = [
  hand('associatedMedia', 'occurrence.txt', MEDIA, {
    flags: ['--explode', '--key-col', 'gbifID'],
    rows: {
      ...{ url: [A, B, C, D], label: ['Felis catus', 'Felis catus', 'Canis lupus', 'Canis lupus'] },
      ...{ gbifID: ['1', '1', '2', '2'], key: ['1_0', '1_1', '2_0', '2_1'], url_index: [0, 1, 0, 1] },
    },
  }),
  hand('cells of every kind', 'm.csv', `url\n${A}; ${B}\n"{""${C}"",""${D}""}"\n"[""${A}?1""]"\n"${B}?2,${C}?3"\n`, {
    flags: EXPLODE,
    rows: { url: [A, B, C, D, `${A}?1`, `${B}?2`, `${C}?3`] },
  }),
  hand('cells with several URLs are pointed at', 'm.csv', `url\n${A}\n${B}|${C}\n`, {
    rows: { url: [A, `${B}|${C}`] },
    says: [/url holds 2 URLs in row 1.*--explode/],
  }),
  hand('one URL a cell is no reason to speak', 'm.csv', `url\n${A}\n${B}\n`, {
    rows: { url: [A, B] },
    silent: ['--explode'],
  }),
  hand('mirrors', 'm.csv', TWO, {
    flags: ['--url-col', 'gcp_url,aws_url'],
    rows: {
      ...{ url: ['ftp://no.test/0.jpg', B, C, D], final_url: [A, B, C, D], flags: [['mirror'], [], [], []] },
      message: ['URL 2 of 2; before it unsupported_scheme', null, null, null],
    },
    says: ["url 'gcp_url', then 'aws_url'"],
  }),
  hand('a mirror that is not there', 'm.csv', TWO, {
    ...{ flags: ['--url', 'gcp_url,awsurl'], code: 2, says: [/awsurl does not exist: did you mean aws_url\?/] },
  }),
  hand('a column with a comma in its name', 'm.csv', `"a,b",c\n${A},x\n`, {
    ...{ flags: ['--url', 'a,b'], rows: { url: [A], c: ['x'] } },
  }),
  hand('a column with a dot in its name', 'm.csv', `a.url,a\n${A},"{""url"":""${B}""}"\n`, {
    ...{ flags: ['--url', 'a.url'], rows: { url: [A] } },
  }),
  // As https://inaturalist-open-data.s3.amazonaws.com/photos.csv.gz has them.
  hand('a template', 'photos.csv', 'photo_uuid\tphoto_id\textension\n6f\t0\tjpg\n70\t3\tjpg\n', {
    flags: ['--url-template', 'http://a.test/p/{photo_id}.{extension}'],
    rows: { url: [A, D], photo_id: ['0', '3'] },
  }),
  hand('a template with other letters', 'm.csv', 'name,path\nä b,x/y\n', {
    flags: ['--url-template', 'http://a.test/{name}/{{1}}/{+path}.jpg'],
    rows: { url: ['http://a.test/%C3%A4%20b/{1}/x/y.jpg'] },
  }),
  hand('a template of nothing', 'm.csv', 'photo_id\n1\n', {
    ...{ flags: ['--url-template', 'http://a.test/{photoid}.jpg'], code: 2 },
    says: [/photoid does not exist: did you mean photo_id\?/],
  }),
  hand(
    'nested JSON',
    'm.jsonl',
    [A, B].map((src, i) => `{"image":{"src":"${src}"},"meta":{"text":"cat ${i}"}}\n`).join(''),
    {
      flags: ['--url', 'image.src', '--caption-col', 'meta.text'],
      rows: { url: [A, B], caption: ['cat 0', 'cat 1'] },
    },
  ),
];

const label = (i: number): string | null => ['a b', 'ä/ö', null][i % 3] as string | null;
const hive = (name: string, input: string, order: readonly number[], more: readonly string[]): ManifestCase => ({
  ...{ name, input: `shapes/${input}` },
  rows: {
    ...{ url: order.map((i) => URLS[i]), label: order.map(label) },
    ...Object.fromEntries(more.map((column) => [column, order.map((i) => (i % 3 === 2 ? 2020 : 2019))])),
  },
});

const FOLDERS: readonly ManifestCase[] = [
  hive('a folder of pyarrow', 'pyarrow-hive', [1, 4, 2, 5, 0, 3], []),
  hive('a folder of polars', 'polars-hive', [1, 4, 0, 3, 2, 5], ['year']),
  hive('a pattern over folders', 'polars-hive/**/*.parquet', [1, 4, 0, 3, 2, 5], ['year']),
  hive('a pattern below one of them', 'polars-hive/year=2019/*/*.parquet', [1, 4, 0, 3], []),
  {
    ...{
      name: 'files of different columns',
      input: ['a.csv', 'b.jsonl'],
      rows: { url: [A, B], n: ['5', null], m: [null, 7] },
    },
    files: { 'a.csv': `url,n\n${A},5\n`, 'b.jsonl': `{"url":"${B}","m":7}\n` },
    says: ['not every file has the columns n, m: null where missing'],
  },
  {
    ...{ name: 'files of different types', input: ['a.jsonl', 'b.csv'], rows: { url: [A, B], n: ['5', 'x'] } },
    files: { 'a.jsonl': `{"url":"${A}","n":5}\n`, 'b.csv': `url,n\n${B},x\n` },
    says: ['carried as text'],
  },
];

export const SHAPES: readonly ManifestCase[] = [...WRITTEN, ...MADE, ...FOLDERS];
