/** Lists as spreadsheets, databases, R and Spark write them. */
import { lines } from './delimited.ts';
import { type ManifestCase, URLS } from './manifest-case.ts';

const [A, B, C] = URLS as [string, string, string];
const three = { url: [A, B, C] };
const of = (
  name: string,
  file: string,
  content: string | Uint8Array,
  one: Partial<ManifestCase> = {},
): ManifestCase => ({
  name,
  input: file,
  files: { [file]: content },
  rows: three,
  ...one,
});

const EXCEL: readonly ManifestCase[] = [
  of('Excel: sep=;', 'm.csv', `sep=;\r\nurl;n\r\n${A};1,5\r\n${B};2,5\r\n${C};3\r\n`, {
    rows: { ...three, n: ['1,5', '2,5', '3'] },
    says: ['semicolon-separated'],
  }),
  of('Excel: CSV UTF-8', 'm.csv', `\ufeffurl,caption\r\n${A},"a ""b"", c"\r\n${B},é\r\n${C},\r\n`, {
    rows: { ...three, caption: ['a "b", c', 'é', null] },
  }),
  of(
    'Excel: CSV of Western Europe',
    'm.csv',
    Buffer.from(`url;caption\r\n${A};gr\xfcn\r\n${B};\x80\r\n${C};x\r\n`, 'latin1'),
    {
      rows: { ...three, caption: ['grün', '€', 'x'] },
      says: ['windows-1252'],
    },
  ),
  of(
    'Excel: Unicode text',
    'm.txt',
    Buffer.from(`\ufeffurl\tcaption\r\n${A}\t"a ""b"""\r\n${B}\té\r\n${C}\tx\r\n`, 'utf16le'),
    {
      rows: { ...three, caption: ['a "b"', 'é', 'x'] },
      says: ['tab-separated', 'utf-16le'],
    },
  ),
  of('Excel: CSV of old Macs', 'm.csv', `url,caption\r${A},x\r${B},"y\nz"\r${C},w\r`, {
    rows: { ...three, caption: ['x', 'y\nz', 'w'] },
  }),
  of('LibreOffice: all text quoted', 'm.csv', lines('"url","n"', `"${A}",1`, `"${B}",2`, `"${C}",3`)),
  of('Google Sheets', 'm.csv', `url,caption\r\n${A},"two\nlines"\r\n${B},x\r\n${C},y`, {
    rows: { ...three, caption: ['two\nlines', 'x', 'y'] },
  }),
];

const R: readonly ManifestCase[] = [
  of('R: write.csv', 'm.csv', lines('"","url","n"', `"1","${A}",1`, `"2","${B}",2`, `"3","${C}",3`), {
    rows: { ...three, n: ['1', '2', '3'], column_1: ['1', '2', '3'] },
  }),
  of('R: write.table', 'm.txt', lines('"url" "n"', `"1" "${A}" 1`, `"2" "${B}" 2`, `"3" "${C}" 3`), {
    rows: { ...three, n: ['1', '2', '3'], row_name: ['1', '2', '3'] },
    says: ['space-separated', 'row_name'],
  }),
  of('R: write.table with tabs', 'm.tsv', lines('url\tn', `1\t${A}\t1`, `2\t${B}\t2`, `3\t${C}\t3`), {
    rows: { ...three, n: ['1', '2', '3'], row_name: ['1', '2', '3'] },
    says: ['row_name'],
  }),
  of('R: write.csv2', 'm.csv', lines('"url";"x"', `"${A}";1,5`, `"${B}";NA`, `"${C}";2`), {
    rows: { ...three, x: ['1,5', 'NA', '2'] },
  }),
  of('R: write_csv', 'm.csv', lines('url,caption', `${A},"a ""b"""`, `${B},NA`, `${C},x`), {
    rows: { ...three, caption: ['a "b"', 'NA', 'x'] },
  }),
  of('R: fwrite', 'm.csv', lines('url,caption', `${A},"a, b"`, `${B},""`, `${C},`), {
    rows: { ...three, caption: ['a, b', null, null] },
  }),
];

const DATABASES: readonly ManifestCase[] = [
  of('MySQL: INTO OUTFILE', 'm.txt', `1\t${A}\ta\\\tb\n2\t${B}\t\\N\n3\t${C}\ttwo\\\nlines\n`, {
    rows: { ...three, column_1: ['1', '2', '3'], column_3: ['a\tb', null, 'two\nlines'] },
    says: ['escapes with'],
  }),
  of(
    'MySQL: mysql --batch',
    'm.tsv',
    lines('id\turl\tcaption', `1\t${A}\ta\\tb\\\\c`, `2\t${B}\tNULL`, `3\t${C}\ttwo\\nlines`),
    {
      rows: { ...three, id: ['1', '2', '3'], caption: ['a\tb\\c', 'NULL', 'two\nlines'] },
      says: ['escapes with \\'],
    },
  ),
  of('MySQL: INTO OUTFILE with quotes', 'm.csv', lines(`1,"${A}",\\N`, `2,"${B}","a \\"b\\""`, `3,"${C}","x"`), {
    rows: { ...three, column_3: [null, 'a "b"', 'x'] },
  }),
  of('Postgres: COPY', 'm.txt', lines(`1\t${A}\ta\\tb\\\\c`, `2\t${B}\t\\N`, `3\t${C}\ttwo\\nlines`), {
    rows: { ...three, column_3: ['a\tb\\c', null, 'two\nlines'] },
    says: ['escapes with'],
  }),
  of(
    'Postgres: COPY of plain text with line ends',
    'm.txt',
    lines(`1\t${A}\ta`, `2\t${B}\tb`, `3\t${C}\ttwo\\nlines`),
    {
      rows: { ...three, column_3: ['a', 'b', 'two\nlines'] },
      says: ['escapes with'],
    },
  ),
  of("DuckDB: QUOTE ''''", 'm.csv', lines('url,caption', `${A},'a, b'`, `${B},'it''s'`, `${C},c`), {
    rows: { ...three, caption: ['a, b', "it's", 'c'] },
    says: ["quoted by '"],
  }),
  of('Postgres: COPY with a header', 'm.tsv', lines('id\turl\tcaption', `1\t${A}\t\\N`, `2\t${B}\tb`, `3\t${C}\tc`), {
    rows: { ...three, caption: [null, 'b', 'c'] },
  }),
  of('Postgres: COPY csv', 'm.csv', lines('id,url,caption', `1,${A},"a ""b"""`, `2,${B},`, `3,${C},"two`, 'lines"'), {
    rows: { ...three, caption: ['a "b"', null, 'two\nlines'] },
  }),
  of('Postgres: psql without alignment', 'm.csv', lines('id|url', `1|${A}`, `2|${B}`, `3|${C}`, '(3 rows)'), {
    rows: { url: [A, B, C, null] },
    bad: { 5: 'has 1 cell' },
  }),
  of('SQLite: .mode csv', 'm.csv', `id,url,caption\r\n1,${A},"a ""b"""\r\n2,${B},\r\n3,${C},c\r\n`),
  of('SQLite: .mode list', 'm.txt', lines('id|url', `1|${A}`, `2|${B}`, `3|${C}`)),
  of(
    'BigQuery: export',
    'm.jsonl',
    lines(`{"id":"1","url":"${A}"}`, `{"id":"2","url":"${B}"}`, `{"id":"3","url":"${C}"}`),
  ),
  of('Hive: Ctrl-A between cells', 'm.txt', lines(`1\u0001${A}`, `2\u0001${B}`, `3\u0001${C}`), {
    flags: ['--delimiter', '\u0001'],
  }),
];

const SPARK: readonly ManifestCase[] = [
  of('Spark: csv', 'part-00000-7f3c-c000.csv', lines('url,caption', `${A},"a \\"b\\", c"`, `${B},""`, `${C},d`), {
    rows: { ...three, caption: ['a "b", c', null, 'd'] },
    says: ['quotes escaped by \\'],
  }),
  {
    name: 'Spark: a folder of parts',
    input: 'out',
    files: {
      'out/_SUCCESS': '',
      'out/.part-00000-7f3c-c000.csv.crc': 'crc',
      'out/part-00000-7f3c-c000.csv': lines('url,n', `${A},1`, `${B},2`),
      'out/part-00001-7f3c-c000.csv': lines('url,n', `${C},3`),
    },
    rows: { ...three, n: ['1', '2', '3'] },
  },
  of(
    'Spark: json, nulls left out',
    'part-00000-7f3c-c000.json',
    lines(`{"url":"${A}"}`, `{"url":"${B}","n":2}`, `{"url":"${C}"}`),
    {
      rows: { ...three, n: [null, 2, null] },
    },
  ),
];

export const PROGRAMS: readonly ManifestCase[] = [...EXCEL, ...R, ...DATABASES, ...SPARK];
