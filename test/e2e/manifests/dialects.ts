/** Text by programs and hands that agree about less: line ends of two kinds, backslashes, titles, names of columns, far rows. */
import { lines } from './delimited.ts';
import { type ManifestCase, N, URLS } from './manifest-case.ts';

const [A, B, C, D] = URLS as [string, string, string, string];
const two = { url: [A, B] };
const three = { url: [A, B, C] };
const text = (name: string, file: string, content: string, one: Partial<ManifestCase>): ManifestCase => ({
  name,
  input: file,
  files: { [file]: content },
  ...one,
});
const json = (name: string, value: unknown, one: Partial<ManifestCase>): ManifestCase =>
  text(name, 'm.json', JSON.stringify(value), one);

/** Of bytes that say nothing about rows. */
const FAR = 'y'.repeat(100_000);

const LINE_ENDS: readonly ManifestCase[] = [
  text('a CR between rows that end in LF', 'm.csv', `url,n\n${A},1\r${B},2\n${C},3\n`, {
    rows: { ...three, n: ['1', '2', '3'] },
  }),
  text('a header that ends in CR', 'm.csv', `url,n\r${A},1\n${B},2\n`, { rows: { ...two, n: ['1', '2'] } }),
  text('a CR in a list of one column', 'm.csv', `url\n${A}\r${B}\n${C}\n`, { rows: three }),
  text('a CR among CRLF, and quotes', 'm.csv', `"url","n"\r\n"${A}","1"\r"${B}","2"\r\n"${C}","3"\r\n`, {
    rows: { ...three, n: ['1', '2', '3'] },
  }),
  text('an LF between rows that end in CR', 'm.csv', `url,n\r${A},1\r${B},2\n${C},3\r${D},4\r`, {
    rows: { url: [A, B, C, D], n: ['1', '2', '3', '4'] },
  }),
  text('a CR in a cell', 'm.csv', `url,n\n${A},"1\r2"\n${B},x\ry\n`, { rows: { ...two, n: ['1\r2', 'x\ry'] } }),
  text('rows that end in CR, and a cell of many lines', 'm.csv', `url,n\r${A},"${'z\n'.repeat(9)}"\r${B},2\r`, {
    rows: { ...two, n: ['z\n'.repeat(9), '2'] },
    says: ['CR)'],
  }),
  text('the mark that ends a DOS file', 'm.csv', `url,n\r\n${A},1\r\n${B},2\r\n\x1a`, { rows: two }),
];

const ESCAPES: readonly ManifestCase[] = [
  {
    name: 'pandas/escape-bare.csv',
    input: 'pandas/escape-bare.csv',
    rows: { url: URLS, caption: ['say "hi"', '5" high', 'C:\\new', 'end\\', 'a, "b"', '"all"'], n: N.map(String) },
    says: ['quotes escaped by \\, LF)'],
  },
  text('backslashes of a file that doubles quotes', 'm.csv', lines('url,n', `${A},C:\\new`, `${B},"a ""b"""`), {
    rows: { ...two, n: ['C:\\new', 'a "b"'] },
    says: ['quoted by ", \\ as it is, LF)'],
  }),
  text('PostgreSQL without nulls', 'm.tsv', lines('url\tn', `${A}\tC:\\\\new`, `${B}\ttwo\\nlines`, '\\.'), {
    rows: { ...two, n: ['C:\\new', 'two\nlines'] },
    says: ['escapes with \\'],
  }),
  text('MySQL without nulls', 'm.tsv', lines('url\tn', `${A}\ttwo\\`, `lines\\`, `more`, `${B}\tx`), {
    rows: { ...two, n: ['two\nlines\nmore', 'x'] },
    says: ['escapes with \\'],
  }),
  text('MySQL with quotes', 'm.csv', lines('url,n', `"${A}","a \\"b\\"\\`, `c"`, `"${B}","x"`), {
    rows: { ...two, n: ['a "b"\nc', 'x'] },
  }),
  text('escapes that nothing but the flag tells', 'm.tsv', lines('url\tn', `${A}\ttwo\\nlines`, `${B}\tx`), {
    flags: ['--escape', 'backslash', '--quote', 'none'],
    rows: { ...two, n: ['two\nlines', 'x'] },
    says: ['no quoting, escapes with \\'],
  }),
  text('escapes that the flag denies', 'm.csv', lines('url,n', `${A},"C:\\"`, `${B},"\\""x"""`), {
    flags: ['--escape', 'none'],
    rows: { ...two, n: ['C:\\', '\\"x"'] },
  }),
  text('quotes in a file with tabs, of which none are needed', 'm.tsv', lines('url\tn', `${A}\t"s"`, `${B}\t5" x`), {
    rows: { ...two, n: ['"s"', '5" x'] },
    says: ['no quoting'],
  }),
  text('Hive', '000000_0', lines(`${A}\x01a,b\x01\\N`, `${B}\x01c\x011`), {
    rows: { ...two, column_2: ['a,b', 'c'], column_3: [null, '1'] },
    says: ['control-A-separated'],
  }),
  text('tabs beside URLs with commas', 'm.txt', lines(`${A}?1,2,3\ta\tb`, `${B}?1,2,3\tc\td`), {
    flags: ['--columns', 'url,c1,c2'],
    rows: { url: [`${A}?1,2,3`, `${B}?1,2,3`], c1: ['a', 'c'], c2: ['b', 'd'] },
  }),
];

const TITLES: readonly ManifestCase[] = [
  text('a title above the header', 'm.csv', lines('Report of 2024', 'by a script', '', 'url,n', `${A},1`, `${B},2`), {
    rows: { ...two, n: ['1', '2'] },
    says: ['3 lines above the header left out'],
  }),
  text('a title with commas', 'm.csv', lines('made, by, us', 'url,n', `${A},1`, `${B},2`), {
    rows: { ...two, n: ['1', '2'] },
    says: ['1 line above the header left out'],
  }),
  text('lines that are to be skipped', 'm.csv', lines('a,b', 'c,d', 'url,n', `${A},1`, `${B},2`), {
    flags: ['--skip-lines', '2'],
    rows: { ...two, n: ['1', '2'] },
    says: ['2 lines above the header left out'],
  }),
  text('lines above rows without a header', 'm.txt', lines('# a', 'b', A, B), {
    flags: ['--skip-lines', '2'],
    rows: two,
  }),
];

const NAMES: readonly ManifestCase[] = [
  {
    name: 'files whose columns differ in case',
    input: ['a.csv', 'b.csv', 'c.jsonl'],
    files: { 'a.csv': `url,N\n${A},1\n`, 'b.csv': `URL,n\n${B},2\n`, 'c.jsonl': `{"Url":"${C}","n":"3"}\n` },
    rows: { ...three, N: ['1', '2', '3'] },
    says: ['URL is read as url', 'names differ in case only are one'],
  },
  text('URL beside url', 'm.csv', lines('URL,url', `http://z.test/1,${A}`, `http://z.test/2,${B}`), { rows: two }),
  text('URL beside url, both of pictures', 'm.csv', lines('url,URL', `${A},${C}`, `${B},${D}`), {
    rows: two,
    says: ['url is taken for the URLs; URL holds some as well'],
  }),
  text("pandas' index, one row", 'm.csv', lines(',url,n', `0,${A},1`), { rows: { url: [A], column_1: ['0'] } }),
];

const FAR_ROWS: readonly ManifestCase[] = [
  json("pandas' orient index, one row", { 0: { url: A, n: 1 } }, { rows: { url: [A], manifest_name: ['0'] } }),
  json(
    'rows behind much else',
    { info: { text: FAR }, images: [{ url: A }, { url: B }] },
    { rows: two, says: ['its rows are those of the member images'] },
  ),
  json(
    'rows far down behind much else',
    { info: { text: [FAR] }, response: { photos: { photo: [{ url: A }, { url: B }] } } },
    { rows: two },
  ),
  json('lists behind a long one', { n: [FAR, 'x'], url: [A, B] }, { rows: two }),
  json(
    'split with its columns last',
    {
      data: [
        [A, FAR.length],
        [B, 2],
      ],
      columns: ['url', 'n'],
    },
    { rows: { ...two, n: [FAR.length, 2] } },
  ),
  json(
    'rows behind more than a row may have',
    { info: { text: FAR.repeat(3) }, images: [{ url: A }, { url: B }] },
    { flags: ['--max-record', '70000'], code: 1, says: ['name the list that its rows are in with rows_at'] },
  ),
  json(
    'the same with the list named',
    { info: { text: 'y' }, more: { text: [...FAR] }, images: [{ url: A }, { url: B }] },
    { flags: ['--max-record', '70000', '--rows-at', 'images'], rows: two },
  ),
];

export const DIALECTS: readonly ManifestCase[] = [...LINE_ENDS, ...ESCAPES, ...TITLES, ...NAMES, ...FAR_ROWS];
