/** What is no manifest, or none that can be read: one line that names the way. */
import { type ManifestCase, URLS } from './manifest-case.ts';

const [A] = URLS as [string];
const refused = (name: string, input: string, says: string, files?: ManifestCase['files']): ManifestCase => ({
  ...{ name, input, code: 2, says: [says] },
  ...(files === undefined ? {} : { files }),
});

export const REFUSED: readonly ManifestCase[] = [
  refused('pandas: feather', 'refused/pandas.feather', 'convert it to parquet'),
  refused('pandas: ORC', 'refused/pandas.orc', 'convert it to parquet'),
  refused('pyarrow: an encrypted footer', 'refused/encrypted-footer.parquet', 'write it without encryption'),
  refused('DuckDB: an encrypted file', 'refused/duckdb-encrypted.parquet', 'write it without encryption'),
  refused('a page', 'm.csv', 'an HTML page', { 'm.csv': '<!doctype html><html><body>404</body></html>' }),
  refused('nothing', 'm.csv', 'is empty', { 'm.csv': '' }),
  refused('white space', 'm.csv', 'nothing but white space', { 'm.csv': ' \n\n' }),
  refused('a header alone', 'm.csv', 'no rows', { 'm.csv': 'url,caption\n' }),
  refused('no column with URLs', 'm.csv', 'name it with url', { 'm.csv': 'a,b\n1,2\n' }),
  refused('SQLite', 'm.csv', 'export the table as csv', { 'm.csv': 'SQLite format 3\0abc' }),
  {
    name: 'a column that is needed, dropped',
    input: 'm.csv',
    files: { 'm.csv': `url,caption\n${A},x\n` },
    flags: ['--drop-columns', 'url'],
    code: 2,
    says: ['drop_columns', 'url'],
  },
];
