import { describe, expect, it } from 'vitest';
import { badRowReason } from '../../../../src/record.ts';
import type { ManifestSourceOptions } from '../../../../src/stages/manifest/manifest-options.ts';
import { withoutNaN } from '../../../../src/stages/manifest/not-a-number.ts';
import { readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { collect, folder } from './collect-rows.ts';

const [A, B] = ['http://a.x/1.jpg', 'http://a.x/2.jpg'];

async function read(content: string, options: ManifestSourceOptions = {}, name = 'm.json') {
  const dir = await folder({ [name]: content });
  const reader = readManifest(`${dir}/${name}`, options);
  const { rows, error } = await collect(reader);
  const own = rows.map((row) => Object.fromEntries(Object.entries(row).filter(([key]) => !key.startsWith('flow_dc:'))));
  return { rows: own, error: error as Error | undefined, warnings: reader.warnings };
}

describe('JSON that is not rows', () => {
  const text = (value: unknown): string => JSON.stringify(value);
  it.each([
    [
      'paths and URLs',
      text({ 'a.jpg': A, 'b/c.jpg': B }),
      [
        { path: 'a.jpg', url: A },
        { path: 'b/c.jpg', url: B },
      ],
    ],
    ['one path', text({ 'a.jpg': A }), [{ path: 'a.jpg', url: A }]],
    [
      "pandas' columns",
      text({ url: { 0: A, 1: B }, n: { 0: 1, 1: null } }),
      [
        { url: A, n: 1 },
        { url: B, n: null },
      ],
    ],
    [
      "pandas' index",
      text({ 0: { url: A, n: 1 }, 1: { url: B, n: 2 } }),
      [
        { name: 0, url: A, n: 1 },
        { name: 1, url: B, n: 2 },
      ],
    ],
    [
      "pandas' index, with a row of URLs alone",
      text({ 0: { url: A, page: B }, 1: { url: B, page: null } }),
      [
        { name: 0, url: A, page: B },
        { name: 1, url: B, page: null },
      ],
    ],
    [
      "pandas' split",
      text({
        columns: ['url', 'n'],
        index: [0, 1],
        data: [
          [A, 1],
          [B, 2],
        ],
      }),
      [
        { url: A, n: 1 },
        { url: B, n: 2 },
      ],
    ],
    [
      "pandas' values",
      text([
        [A, 1],
        [B, 2],
      ]),
      [
        { column_1: A, column_2: 1 },
        { column_1: B, column_2: 2 },
      ],
    ],
    [
      "pandas' table",
      text({ schema: { fields: [{ name: 'url' }] }, data: [{ url: A }, { url: B }] }),
      [{ url: A }, { url: B }],
    ],
    ["pandas' index of one row", text({ 0: { url: A, n: 1 } }), [{ name: 0, url: A, n: 1 }]],
    [
      "pandas' split, its columns last",
      text({ data: [[A, 1]], index: [0], columns: ['url', 'n'] }),
      [{ url: A, n: 1 }],
    ],
    [
      'arrays with a header',
      text([
        ['url', 'n'],
        [A, 1],
      ]),
      [{ url: A, n: 1 }],
    ],
    [
      'COCO',
      text({
        info: { year: 1 },
        licenses: [{ id: 1, url: 'http://l.x/' }],
        images: [
          { id: 1, coco_url: A },
          { id: 2, coco_url: B },
        ],
      }),
      [
        { id: 1, coco_url: A },
        { id: 2, coco_url: B },
      ],
    ],
    [
      'RedCaps',
      text({ info: {}, annotations: [{ image_id: 'x', url: A, caption: 'c' }] }),
      [{ image_id: 'x', url: A, caption: 'c' }],
    ],
  ])('is read as rows: %s', async (_what, content, rows) => {
    expect(
      (await read(content)).rows.map((row) =>
        JSON.parse(JSON.stringify(row, (_, v) => (/^\d$/.test(v) ? Number(v) : v))),
      ),
    ).toEqual(rows);
    expect((await read(content)).warnings).toHaveLength(1);
  });

  const far = 'y'.repeat(70_000);
  it.each([
    ['a list', { info: far, images: [{ url: A }] }],
    ['a list within', { info: { far: [[far]] }, a: { b: [{ url: A }] } }],
    ['a list behind one without URLs', { more: [{ far }], images: [{ url: A }] }],
    ['a column that is a list', { n: [far], url: [A] }],
    ['the columns of split', { data: [[A, far]], columns: ['url', 'n'] }],
    ['the URL of a row', [{ far, url: A }]],
  ])('is found behind its first 64 kB: %s', async (_what, content) => {
    const { rows, error } = await read(text(content));
    expect(error).toBeUndefined();
    expect(rows).toMatchObject([{ url: A }]);
  });

  it('is asked for by rows_at where no row is in sight', async () => {
    const options = { maxRecordBytes: 70_000 };
    const { error } = await read(text({ info: [far, far], images: [{ url: A }] }), options);
    expect(error?.message).toMatch(/its first 70000 bytes \(max_record\) have no URL: name the list .* with rows_at/);
    const lists = { info: [...far], images: [{ url: A }] };
    expect(await read(text(lists), { ...options, rowsAt: 'images' })).toMatchObject({ rows: [{ url: A }] });
  });

  it.each([
    ['an object with a URL', text({ url: A, tags: [{ a: 1 }] }), [{ url: A }]],
    ['an object with several', text({ url: A, image_url: B }), [{ url: A }]],
    ['lines', `${text({ url: A, o: { k: 1 } })}\n${text({ url: B, o: { k: 2 } })}\n`, [{ url: A }, { url: B }]],
    ['a list of URLs', text([A, B]), [{ url: A }, { url: B }]],
  ])('is left as it is: %s', async (_what, content, rows) => {
    const found = await read(content);
    expect(found.rows).toMatchObject(rows);
    expect(found.warnings).toEqual([]);
  });

  it('of many thousand members comes in whole', async () => {
    const paths = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`d/${i}.jpg`, `http://a.x/${i}.jpg`]));
    const { rows } = await read(JSON.stringify(paths));
    expect(rows).toHaveLength(50_000);
    expect(rows.at(-1)).toEqual({ path: 'd/49999.jpg', url: 'http://a.x/49999.jpg' });
  });
});

describe('lines of JSON', () => {
  it('may have the separators of RFC 7464 in front', async () => {
    const { rows, error } = await read(
      `\x1e{"url":"${A}","n":"a\\u001eb"}\n\x1e{"url":"${B}","n":"c"}\n`,
      {},
      'm.json-seq',
    );
    expect(error).toBeUndefined();
    expect(rows).toEqual([
      { url: A, n: 'a\x1eb' },
      { url: B, n: 'c' },
    ]);
  });

  it('that cannot be read are bad rows, and the next one is none', async () => {
    const lines = [`{"url":"${A}"}`, '{"url":', `{"url":"${B}"}`, '17', `{"url":"${A}"} trailing`, `{"url":"${B}"}`];
    const { rows, error, warnings } = await read(lines.join('\n'), {}, 'm.jsonl');
    expect(error).toBeUndefined();
    expect(rows.map(({ url }) => badRowReason(url as string)?.slice(0, 40) ?? url)).toEqual([
      A,
      expect.stringMatching(/^line 2: the text ends in the middle/),
      B,
      expect.stringMatching(/^line 4: expected an object per row/),
      expect.stringMatching(/^line 5: not valid JSON/),
      B,
    ]);
    expect(warnings).toHaveLength(1);
  });

  it('behind a row that is cut off take linear time', async () => {
    const lines = Array.from({ length: 30_000 }, (_, i) => `"http://a.x/${i}.jpg",`);
    const { rows } = await read(
      [`{"url":"${A}","c":"x"}`, `{"url":"${A}","c":[`, ...lines, `{"url":"${B}","c":1}`].join('\n'),
      {},
      'm.jsonl',
    );
    expect(rows).toHaveLength(3);
  }, 20_000);

  it('behind a comma and thousands of empty ones take linear time', async () => {
    const { rows } = await read(
      `{"url":"${A}"}\n{"url":"${A}","n":1,${'\n'.repeat(200_000)}{"url":"${B}"}\n`,
      {},
      'm.jsonl',
    );
    expect(rows).toHaveLength(3);
  }, 20_000);

  it('that cannot be read are found among thousands', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) =>
      i % 5000 === 4999 ? '{"url":"x"' : `{"url":"http://a.x/${i}.jpg"}`,
    );
    const { rows } = await read(lines.join('\n'), {}, 'm.jsonl');
    expect(rows).toHaveLength(20_000);
    expect(rows.flatMap(({ url }) => badRowReason(url as string) ?? []).map((reason) => reason.split(':')[0])).toEqual([
      'line 5000',
      'line 10000',
      'line 15000',
      'line 20000',
    ]);
  });

  it('end the reading when that is wanted', async () => {
    const { rows, error } = await read(`{"url":"${A}"}\n{"url":\n`, { onBadRow: 'fail' }, 'm.jsonl');
    expect(rows).toHaveLength(1);
    expect(error?.message).toMatch(/m\.jsonl, line 2: the text ends in the middle of a row/);
  });
});

describe('NaN and infinities', () => {
  it('are nulls', async () => {
    const { rows } = await read(`{"url":"${A}","n":NaN,"t":"NaN"}\n{"url":"${B}","n":-Infinity,"t":"\\"NaN"}\n`);
    expect(rows).toMatchObject([
      { url: A, n: null, t: 'NaN' },
      { url: B, n: null, t: '"NaN' },
    ]);
  });

  it('are found wherever chunks end, and not in texts', async () => {
    const whole = '[{"a":NaN,"b":"x \\" NaN \\\\","c":-Infinity},{"a":"Infinity","b":Infinity,"N":[NaN,NaN]}]';
    const expected = '[{"a":null,"b":"x \\" NaN \\\\","c":null},{"a":"Infinity","b":null,"N":[null,null]}]';
    for (let size = 1; size <= whole.length; size++) {
      const chunks = (async function* () {
        for (let at = 0; at < whole.length; at += size) yield Buffer.from(whole.slice(at, at + size));
      })();
      const out: Buffer[] = [];
      for await (const chunk of withoutNaN(chunks)) out.push(chunk);
      expect(Buffer.concat(out).toString()).toBe(expected);
    }
  });
});
