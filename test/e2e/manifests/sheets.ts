/** Workbooks, XML and tables in archives, as the programs that people have write them. */
import { CAPTIONS, LABELS, type ManifestCase, N, TEXTS, URLS } from './manifest-case.ts';

const [A, B] = URLS as [string, string];
const DAYS = N.map((i) => `2024-05-0${1 + i}${i % 2 === 1 ? 'T12:30:00' : ''}`);

const of = (
  name: string,
  file: string,
  rows: ManifestCase['rows'],
  more: Partial<ManifestCase> = {},
): ManifestCase => ({
  ...{ name, input: `sheets/${file}`, rows: rows ?? {}, ...more },
});

const WORKBOOKS: readonly ManifestCase[] = [
  of('xlsx: pandas', 'pandas-openpyxl.xlsx', TEXTS, { says: ['xlsx > Sheet1'] }),
  of('xlsx: pandas by xlsxwriter', 'pandas-xlsxwriter.xlsx', TEXTS, { flags: ['--input-format', 'excel'] }),
  of('xlsx: pandas with its index', 'pandas-index.xlsx', TEXTS),
  of(
    'xlsx: types, formulas nobody reckoned, and a sheet of notes before',
    'openpyxl-types.xlsx',
    { ok: N.map((i) => String(i % 2 === 0)), when: DAYS, score: N.map((i) => String(i / 4)), sum: N.map(() => null) },
    { says: ['its sheet Images is read, and not Notes', '6 of its cells, F2 the first, are formulas'] },
  ),
  of('xlsx: links behind words', 'openpyxl-links.xlsx', { photo: N.map((i) => `picture ${i}`) }),
  of('xlsx: links by formulas', 'xlsxwriter-formulas.xlsx', { see: N.map((i) => `no ${i}`) }),
  of('xlsx: a title above, rich text, money and dates', 'xlsxwriter-report.xlsx', {
    ...{ caption: N.map((i) => `a bold word ${i}`), when: DAYS, price: N.map((i) => `${i}.5`) },
  }),
  of('xlsx: dates from 1904', 'xlsxwriter-1904.xlsx', { when: DAYS }),
  of('xlsx: a sheet by its name', 'openpyxl-no-header.xlsx::t*', { caption: LABELS }, { says: ['no header'] }),
  of('xlsx: in a zip archive', 'workbook-in.zip', TEXTS),
];

const XML: readonly ManifestCase[] = ['', '-index', '-attributes', '-prefix', '-latin1', '-utf16'].map((how) =>
  of(`xml: pandas${how}`, `pandas${how}.xml`, TEXTS, how === '' ? { flags: ['--input-format', 'xml'] } : {}),
);

const TARS: readonly ManifestCase[] = [
  'gnu.tar',
  'pax.tar',
  'ustar.tar.gz',
  'pax.tgz',
  'gnu.tar.bz2',
  'pax.tar.xz',
].map((file) => of(`tar: ${file}`, file, TEXTS, { says: ['data/latest.csv in it is a link'] }));

export const SHEETS: readonly ManifestCase[] = [
  ...WORKBOOKS,
  ...XML,
  of('xml: packed', 'pandas.xml.gz', TEXTS),
  ...TARS,
  of('tar: by zstd', 'pax.tar.zst', TEXTS),
  of('tar: of parquet', 'parquet.tar.gz', { caption: CAPTIONS, n: N }),
  of('tar: a table by its name', 'lines.tar::../t.tsv', { label: LABELS }),
  {
    name: 'xml: of a feed',
    input: 'm.xml',
    files: {
      'm.xml': `<rss><channel><title>t</title><item><u>${A}</u></item><item><u>${B}</u></item></channel></rss>`,
    },
    rows: { url: [A, B] },
    says: ['its rows are the elements channel.item'],
  },
];
