import path from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { isJsonText } from '../../../../src/arrow/typed-text.ts';
import type { ManifestSourceOptions } from '../../../../src/stages/manifest/manifest-options.ts';
import { readManifest, readManifestInfo } from '../../../../src/stages/manifest/read-manifest.ts';
import { collect, folder } from './collect-rows.ts';

const A = 'https://a.example.org/1.jpg';
const B = 'https://b.example.org/2.jpg';

async function read(name: string, content: string | Uint8Array, options: ManifestSourceOptions = {}) {
  const dir = await folder({ [name]: content });
  const reader = readManifest(path.join(dir, name), options);
  const { rows, error } = await collect(reader);
  const own = rows.map((row) => Object.fromEntries(Object.entries(row).filter(([key]) => !key.startsWith('flow_dc:'))));
  return { rows: own, error, warnings: reader.warnings };
}

const BOTH = [
  { url: A, note: 'one' },
  { url: B, note: null },
];

describe('text manifests', () => {
  it.each([
    ['csv', 'm.csv', `url,note\n${A},one\n${B},\n`],
    ['csv with a byte order mark and CRLF', 'm.csv', `\ufeffurl,note\r\n${A},one\r\n${B},\r\n`],
    ['csv with semicolons', 'm.csv', `url;note\n${A};one\n${B};\n`],
    ['csv named txt', 'm.txt', `url,note\n${A},one\n${B},\n`],
    ['tsv', 'm.tsv', `url\tnote\n${A}\tone\n${B}\t\n`],
    ['tsv without extension', 'manifest', `url\tnote\n${A}\tone\n${B}\t\n`],
    ['jsonl', 'm.jsonl', `{"url":"${A}","note":"one"}\n\n{"url":"${B}","note":null}\n`],
    ['jsonl named json', 'm.json', `{"url":"${A}","note":"one"}\n{"url":"${B}"}\n`],
    ['JSON objects without line breaks', 'm.json', `{"url":"${A}","note":"one"} {"url":"${B}"}`],
    ['a JSON array', 'm.json', `[\n {"url": "${A}", "note": "one"},\n {"url": "${B}"}\n]\n`],
  ])('reads %s', async (_what, name, content) => {
    expect(await read(name, content)).toEqual({ rows: BOTH, error: undefined, warnings: [] });
    expect(await read(`${name}.gz`, gzipSync(content))).toEqual({ rows: BOTH, error: undefined, warnings: [] });
  });

  it('reads a plain list of URLs', async () => {
    expect((await read('m.txt', `${A}\r\n\r\n  ${B}`)).rows).toEqual([{ url: A }, { url: B }]);
    expect((await read('m.json', JSON.stringify([A, B]))).rows).toEqual([{ url: A }, { url: B }]);
  });

  it('reads quoted cells with delimiters, quotes and line breaks', async () => {
    const { rows } = await read('m.csv', `url,note\n${A},"a, ""b""\nc"\n`);
    expect(rows).toEqual([{ url: A, note: 'a, "b"\nc' }]);
  });

  it('tolerates quotes inside of tsv cells', async () => {
    expect((await read('m.tsv', `url\tnote\n${A}\t5" wide\n`)).rows).toEqual([{ url: A, note: '5" wide' }]);
  });

  it('keeps the digits of JSON numbers and the text of nested values', async () => {
    const row = `{"url":"${A}","id":12345678901234567890,"score":1.50,"ok":true,"tags":[1, 1.0, "x,}"],"n":{"a":1e400},"e":"\\u00fc\\"{"}`;
    const texts = { url: A, id: '12345678901234567890', tags: '[1,1.0,"x,}"]', n: '{"a":1e400}', e: 'ü"{' };
    expect((await read('m.jsonl', `${row}\n`)).rows).toEqual([{ ...texts, score: 1.5, ok: true }]);
    const { rows } = await read('m.jsonl', `${row}\n`, { jsonTypes: false });
    expect(rows).toEqual([{ ...texts, score: '1.50', ok: 'true' }]);
  });

  it('a value of another type than those of the first rows is null, and said once', async () => {
    const lines = Array.from({ length: 8192 }, (_, i) => `{"url":"${A}","n":${i},"s":${i === 5 ? '"x"' : i}}`);
    const odd = [`{"url":"${B}","n":"n/a","s":7}`, `{"url":"${B}","n":3.0,"s":[1]}`, `{"url":"${B}","n":[1]}`];
    const { rows, warnings } = await read('m.jsonl', [...lines, ...odd].join('\n'));
    expect(rows.slice(8191).map(({ n, s }) => [n, s])).toEqual([
      ['8191', '8191'],
      [null, '7'],
      ['3', '[1]'],
      [null, null],
    ]);
    expect(warnings).toEqual([
      expect.stringMatching(/m\.jsonl: s holds text and other values: carried as text/),
      expect.stringMatching(/m\.jsonl: n holds integers in its first rows and something else in row 8192: null there/),
    ]);
  });

  it('files of JSON agree on a column: numbers that some have as integers, what some lack, or else text', async () => {
    const dir = await folder({
      'a.jsonl': `{"url":"${A}","n":1,"t":null,"v":1}\n{"url":"${A}","n":2,"t":null,"v":1}`,
      'b.jsonl': `{"url":"${B}","n":0.5,"t":["x"],"v":"w"}`,
    });
    const reader = readManifest(dir);
    const { rows } = await collect(reader);
    expect(rows.map(({ n, t, v }) => [n, t, v])).toEqual([
      [1, null, '1'],
      [2, null, '1'],
      [0.5, '["x"]', 'w'],
    ]);
    expect(reader.warnings).toEqual([expect.stringMatching(/^v is Int64 in .*a\.jsonl and Utf8 in .*b\.jsonl/)]);
  });

  it('csv stays text unless types are asked for, and then what only looks like numbers stays it', async () => {
    const text = `url,n,zip,x,ok\n${A},5,007,1.5,true\n${B},,1,2,False\n`;
    expect((await read('m.csv', text)).rows[0]).toEqual({ url: A, n: '5', zip: '007', x: '1.5', ok: 'true' });
    expect((await read('m.csv', text, { inferTypes: true })).rows).toEqual([
      { url: A, n: '5', zip: '007', x: 1.5, ok: true },
      { url: B, n: null, zip: '1', x: 2, ok: false },
    ]);
    const dir = await folder({ 'm.csv': text });
    const { columns } = await readManifestInfo(path.join(dir, 'm.csv'), { inferTypes: true });
    expect(columns.map(({ type }) => type)).toEqual(['Utf8', 'Int64', 'Utf8', 'Float64', 'Bool']);
    expect(() => readManifest('-', { inferTypes: true, stdin: Readable.from([]) })).toThrow(/write stdin to/);
  });

  it('a stream of JSON has the types of its first row, however it is cut, and keeps whatever follows', async () => {
    const text = `{"url":"${A}","n":1,"s":"a","v":null}\n{"url":"${B}","n":"b \\"c\\"","s":2,"v":{"x":1}}\n{"url":"${B}","n":[3]}`;
    for (const bytes of [1, 40, 1000]) {
      const chunks = Array.from({ length: Math.ceil(text.length / bytes) }, (_, i) =>
        Buffer.from(text.slice(i * bytes, (i + 1) * bytes)),
      );
      const reader = readManifest('-', { stdin: Readable.from(chunks) });
      const { rows } = await collect(reader);
      const { schema } = await reader.ready;
      expect(rows.map(({ n, s, v }) => [n, s, v])).toEqual([
        ['1', 'a', null],
        ['"b \\"c\\""', '2', '{"x":1}'],
        ['[3]', null, null],
      ]);
      expect(schema.fields.filter(isJsonText).map(({ name }) => name)).toEqual(['n']);
    }
  });

  it('cuts JSON right wherever the chunks of the file end', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => ({ url: `${A}?${i}`, note: `\\ü🦋"{[${'x'.repeat(i % 90)}` }));
    expect((await read('m.json', JSON.stringify(rows))).rows).toEqual(rows);
    expect((await read('m.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'))).rows).toEqual(rows);
  });

  it('settles JSON columns with the first batch and says which later keys are left out', async () => {
    const lines = Array.from({ length: 8192 }, () => `{"url":"${A}"}`);
    const { rows, warnings } = await read('m.jsonl', [...lines, `{"url":"${B}","late":1}`, `{"late":2}`].join('\n'));
    expect(rows.slice(8192)).toEqual([{ url: B }, { url: null }]);
    expect(warnings).toEqual([expect.stringMatching(/the key late first turns up at row 8192/)]);
  });

  it('names the line of a csv row with the wrong number of cells, after handing on the rows before it', async () => {
    const { rows, error } = await read('m.csv', `url,note\n${A},one\n${B},1,2\n${A},two\n`, {
      onBadRow: 'fail',
    });
    expect(rows).toEqual([BOTH[0]]);
    expect(error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_CORRUPT',
      message: expect.stringMatching(/m\.csv, line 3 has 3 cells, unlike the header/),
    });
  });

  it('takes no row for a part of a header whose quote is not closed', async () => {
    const { rows } = await read('m.csv', `url,note,"n\n"${A}","one","1"\n"${B}","two","2"\n`);
    expect(rows.map(({ url }) => url)).toEqual([A, B]);
    const { error } = await read('m.csv', `""",n\n${A},"one",1\n${B},"two",2\n`);
    expect(error).toMatchObject({ code: 'FDC_ERR_MANIFEST_COLUMN' });
  });

  it('says where a quote was not closed', async () => {
    const { error } = await read('m.csv', `url,note\n"${A}","x"\n${A},1,"one\n${B},\n`, { onBadRow: 'fail' });
    expect(error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_CORRUPT',
      message: expect.stringMatching(/line 3 has a quote that is opened and never closed/),
    });
  });

  it.each([
    ['cut off in a row', `[{"url":"${A}","note":"one"},\n{"url":"ht`, /line 2: the text ends in the middle of a row/],
    ['cut off between rows', `[{"url":"${A}","note":"one"},\n`, /line 2: the array is never closed/],
    ['not JSON', `{"url":"${A}","note":"one"}\n{url}\n`, /line 2: not valid JSON/],
    ['of other values', `{"url":"${A}","note":"one"}\n17\n`, /line 2: expected an object per row, found 1/],
  ])('names the line of JSON that is %s, after handing on the rows before it', async (_what, content, message) => {
    const { rows, error } = await read('m.json', content, { onBadRow: 'fail' });
    expect(rows).toEqual([BOTH[0]]);
    expect(error).toMatchObject({ code: 'FDC_ERR_MANIFEST_CORRUPT', message: expect.stringMatching(message) });
  });

  it('reads gzip that is padded with zeros', async () => {
    const padded = Buffer.concat([gzipSync(`url,note\n${A},one\n${B},\n`), Buffer.alloc(1000)]);
    expect(await read('m.csv.gz', padded)).toEqual({ rows: BOTH, error: undefined, warnings: [] });
  });

  it('hands on what a cut-off gzip file still holds', async () => {
    const lines = Array.from({ length: 50_000 }, (_, i) => `${A}?${(i * 7919) % 10_007}`);
    const packed = gzipSync(lines.join('\n'));
    const { rows, error } = await read('m.txt.gz', packed.subarray(0, packed.length - 100));
    expect(rows.length).toBeGreaterThan(1000);
    expect(error).toMatchObject({
      code: 'FDC_ERR_MANIFEST_CORRUPT',
      message: expect.stringMatching(/gzip stream is cut off/),
    });
  });

  it('replaces bytes that are not UTF-8, and says so once', async () => {
    const { rows, warnings } = await read(
      'm.csv',
      Buffer.concat([Buffer.from(`url,note\n${A},éü caf`), Buffer.from([0xe9]), Buffer.from('\n')]),
    );
    expect(rows).toEqual([{ url: A, note: 'éü caf\ufffd' }]);
    expect(warnings).toEqual([expect.stringMatching(/not UTF-8 were replaced by U\+FFFD near row 0 \(column note\)/)]);
  });

  it('numbers unnamed columns and renames repeated ones', async () => {
    const { rows, warnings } = await read('m.csv', `url,,a,a\n${A},1,2,3\n`);
    expect(rows).toEqual([{ url: A, column_2: '1', a: '2', a_2: '3' }]);
    expect(warnings).toHaveLength(1);
  });

  it('refuses a header without rows', async () => {
    expect((await read('m.csv', 'url,note\n')).error).toMatchObject({ code: 'FDC_ERR_MANIFEST_EMPTY' });
  });

  it('identifies a text file by its size and first MiB', async () => {
    const dir = await folder({ 'a.txt': `${A}\n`, 'b.txt': `${A}\n`, 'c.txt': `${B}\n` });
    const { files } = await readManifestInfo(dir);
    const [a, b, c] = files.map((file) => file.hash);
    expect(a).toMatch(/^[0-9a-f]{64}$/);
    expect([a === b, a === c]).toEqual([true, false]);
    expect(files.map(({ name, bytes, format }) => [path.basename(name), bytes, format])).toEqual([
      ['a.txt', 28, 'txt'],
      ['b.txt', 28, 'txt'],
      ['c.txt', 28, 'txt'],
    ]);
  });
});
