import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { detectFormat, type GivenFormat } from '../../../../src/stages/manifest/detect-format.ts';
import { readManifestInfo } from '../../../../src/stages/manifest/read-manifest.ts';
import { expandGlob, resolveInputs } from '../../../../src/stages/manifest/resolve-inputs.ts';
import { folder } from './collect-rows.ts';

const URL_LINE = 'https://a.example.org/1.jpg\n';

async function resolved(inputs: readonly string[]) {
  const { sources, warnings } = await resolveInputs(inputs, () => Promise.reject(new Error('there is no URL')));
  return { paths: sources.map((source) => ('path' in source ? source.path : source.name)), warnings };
}

describe('inputs', () => {
  it('takes the direct children of a folder by name, without hidden files and others', async () => {
    const dir = await folder({
      'b.csv': '',
      'a.jsonl': '',
      'c.txt.gz': '',
      _SUCCESS: '',
      '.d.csv': '',
      'notes.md': '',
    });
    await mkdir(path.join(dir, 'sub.csv'));
    const { paths, warnings } = await resolved([dir]);
    expect(paths.map((file) => path.basename(file))).toEqual(['a.jsonl', 'b.csv', 'c.txt.gz']);
    expect(warnings).toEqual([]);
  });

  it('takes only the parquet files of a folder that has some, and says so', async () => {
    const dir = await folder({ 'b.parquet': '', 'a.parquet': '', 'README.txt': '' });
    const { paths, warnings } = await resolved([dir]);
    expect(paths.map((file) => path.basename(file))).toEqual(['a.parquet', 'b.parquet']);
    expect(warnings).toEqual([expect.stringMatching(/only a\.parquet, b\.parquet in it are read; name README\.txt/)]);
  });

  it.each([
    ['b.xlsm a.xlsx ~$a.xlsx .~lock.b.xlsx#', 'a.xlsx b.xlsm', ''],
    ['b.tgz a.zip c.tar.gz d.tar.zst e.tbz2 notes.md', 'a.zip b.tgz c.tar.gz d.tar.zst e.tbz2', ''],
    ['a.csv a.zip a.xlsx eml.xml', 'a.csv', 'a.xlsx, a.zip, eml.xml'],
    ['a.xlsx images.tar eml.xml', 'a.xlsx', 'eml.xml, images.tar'],
    ['a.xlsx README.txt LICENSE.txt', 'a.xlsx', 'LICENSE.txt, README.txt'],
    ['readme.txt', 'readme.txt', ''],
    ['b.xml a.xml.gz', 'a.xml.gz b.xml', ''],
  ])('of a folder with %s it takes %s', async (files, taken, passed) => {
    const dir = await folder(Object.fromEntries(files.split(' ').map((name) => [name, ''])));
    const { paths, warnings } = await resolved([dir]);
    expect(paths.map((file) => path.basename(file)).join(' ')).toBe(taken);
    expect(warnings).toEqual(
      passed === '' ? [] : [expect.stringContaining(`; name ${passed} to read other files too`)],
    );
  });

  it('keeps the order of inputs that are named', async () => {
    const dir = await folder({ 'b.csv': '', 'a.csv': '' });
    const inputs = [path.join(dir, 'b.csv'), path.join(dir, 'a.csv')];
    expect((await resolved(inputs)).paths).toEqual(inputs);
  });

  it('takes a file whose name looks like a pattern as it is', async () => {
    const dir = await folder({ 'a[1].csv': '', 'a1.csv': '' });
    expect((await resolved([path.join(dir, 'a[1].csv')])).paths).toEqual([path.join(dir, 'a[1].csv')]);
  });

  it('expands patterns as a shell does', async () => {
    const dir = await folder({ 'a1.csv': '', 'a2.csv': '', 'b1.csv': '', 'a1.tsv': '', '.a3.csv': '', 'a+.csv': '' });
    await mkdir(path.join(dir, 'sub', 'deep'), { recursive: true });
    await writeFile(path.join(dir, 'sub', 'deep', 'a9.csv'), '');
    const matches = async (pattern: string) =>
      (await expandGlob(path.join(dir, pattern))).map((file) => path.relative(dir, file));
    expect(await matches('*.csv')).toEqual(['a+.csv', 'a1.csv', 'a2.csv', 'b1.csv']);
    expect(await matches('a?.csv')).toEqual(['a+.csv', 'a1.csv', 'a2.csv']);
    expect(await matches('[!a]*.csv')).toEqual(['b1.csv']);
    expect(await matches('a[0-1].{csv,tsv}')).toEqual(['a1.csv', 'a1.tsv']);
    expect(await matches('**/*9.csv')).toEqual(['sub/deep/a9.csv']);
    expect(await matches('s*/d*/*')).toEqual(['sub/deep/a9.csv']);
    expect(await matches('a+.csv')).toEqual(['a+.csv']);
  });

  it.each([
    ['a missing file, with the nearest name', 'urls.cvs', /urls\.cvs does not exist: did you mean .*urls\.csv\?/],
    ['a folder without manifests', 'empty', /empty holds no manifest .*: name the files/],
    ['a pattern without matches', '*.parquet', /no file matches .*\*\.parquet: check the pattern/],
  ])('refuses %s', async (_what, name, message) => {
    const dir = await folder({ 'urls.csv': '' });
    await mkdir(path.join(dir, 'empty'));
    await expect(resolved([path.join(dir, name)])).rejects.toMatchObject({
      code: 'FDC_ERR_MANIFEST_NOT_FOUND',
      message: expect.stringMatching(message),
    });
  });

  it('refuses a device or pipe, naming the way around', async () => {
    await expect(resolved(['/dev/null'])).rejects.toThrow(/not a regular file: pass a pipe or device as stdin, with -/);
  });
});

describe('format detection', () => {
  const detect = (content: string | Buffer, name = 'm', given: GivenFormat = 'auto') =>
    detectFormat({ head: Buffer.from(content as string), isWhole: true, name }, given);

  it.each([
    [
      'HTML named parquet',
      '<!DOCTYPE html><html>',
      'm.parquet',
      'auto',
      /an HTML page, not a manifest: download the file itself/,
    ],
    ['text named parquet', 'url\n', 'm.parquet', 'auto', /not a parquet file, whatever its name says/],
    [
      'XML said to be csv',
      '<?xml version="1.0"?><a/>',
      'm.xml',
      'csv',
      /XML or other markup, not csv: leave input_format at auto/,
    ],
    ['what begins as XML', '< a', 'm.xml', 'auto', /markup that is no XML: convert it to csv or parquet/],
    ['the format excel', 'anything', 'm.xlsx', 'excel', /no xlsx workbook, not excel: leave input_format at auto/],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x75, 0, 0, 0]), 'm.csv', 'auto', /UTF-32 text: save it as UTF-8/],
    ['a table said to be a list', 'https://a/1.jpg\tone', 'm.txt', 'txt', /a table with tabs, not a list of URLs/],
    ['what Python prints', "['https://a/1.jpg', 'https://a/2.jpg']", 'm.txt', 'auto', /a list as Python prints it/],
    ['other binary data', Buffer.from([1, 0, 2, 0, 0, 0, 3, 3]), 'm', 'auto', /binary data of no known format/],
    ['parquet said to be csv', 'PAR1xxxx', 'm.csv', 'csv', /a parquet file, not csv: leave input_format at auto/],
  ] as const)('refuses %s in one line that names the fix', (_what, content, name, given, message) => {
    expect(() => detect(content as string, name, given)).toThrow(
      expect.objectContaining({ code: 'FDC_ERR_MANIFEST_FORMAT', message: expect.stringMatching(message) }),
    );
    expect(() => detect(content as string, name, given)).toThrow(/^[^\n]*$/);
  });

  it.each(['', ' \n\t\n'])('refuses an input without content (%j)', (content) => {
    expect(() => detect(content)).toThrow(expect.objectContaining({ code: 'FDC_ERR_MANIFEST_EMPTY' }));
  });

  it.each([
    ['PAR1....', 'm.csv', { format: 'parquet' }],
    ['{"url":1}', 'm.csv', { format: 'jsonl' }],
    ['[ {"url":1}]', 'm.txt', { format: 'json' }],
    [URL_LINE, 'm', { format: 'txt' }],
    ['not-a-url\n', 'm.txt', { format: 'txt' }],
    ['url\nhttps://a', 'm.txt', { format: 'csv', delimiter: '' }],
    ['url|n\n', 'm.csv', { format: 'csv', delimiter: '|' }],
    ['url\tn\n', 'm.csv', { format: 'csv', delimiter: '\t' }],
    ['"a;b;c",url\n', 'm.csv', { format: 'csv', delimiter: ',' }],
  ])('tells the content %j from the name %s', (content, name, expected) => {
    const { dialect, encoding: _encoding, how: _how, ...rest } = detect(content, name);
    expect({ ...rest, ...(dialect && { delimiter: dialect.delimiter }) }).toEqual(expected);
  });

  it('lets the user have the last word on text', () => {
    expect(detect('a,b\n', 'm.csv', 'txt')).toMatchObject({ format: 'txt' });
  });

  it('looks inside of gzip', async () => {
    const dir = await folder({ 'm.gz': gzipSync('<html>'), 'n.gz': gzipSync(URL_LINE) });
    await expect(readManifestInfo(path.join(dir, 'm.gz'))).rejects.toThrow(/HTML page/);
    expect((await readManifestInfo(path.join(dir, 'n.gz'))).files).toMatchObject([{ format: 'txt', packing: 'gzip' }]);
  });
});
