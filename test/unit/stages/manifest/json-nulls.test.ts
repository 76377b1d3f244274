import { expect, it } from 'vitest';
import { readText } from './collect-rows.ts';

it.each([
  ['URLs', ['https://a.test/1.jpg', null, 'https://a.test/2.jpg']],
  ['objects', [{ url: 'https://a.test/1.jpg' }, null, { url: 'https://a.test/2.jpg' }]],
])('null among the %s of an array is a row without a URL, and ends nothing', async (_what, values) => {
  const { rows, error } = await readText('m.json', JSON.stringify(values));
  expect(error).toBeUndefined();
  expect(rows.map((row) => ('url' in row ? row.url : undefined))).toEqual([
    'https://a.test/1.jpg',
    null,
    'https://a.test/2.jpg',
  ]);
});

it('a text of no letters is one, in rows that are plain and in those that are not; a cell of csv is none', async () => {
  const lines = ['{"url":"","t":""}', '{"url":"","t":null}', '{ "t" : "", "t" : "" }', '{"url":""}', '{"t":"\\u0000"}'];
  const { rows } = await readText('m.jsonl', `${lines.join('\n')}\n`, { urlColumn: 'url' });
  expect(rows.map(({ at: _, ...row }) => row)).toEqual([
    { url: '', t: '' },
    { url: '', t: null },
    { url: null, t: '' },
    { url: '', t: null },
    { url: null, t: '\0' },
  ]);
  const csv = await readText('m.csv', 'url,t\n"",""\n,\n"","a\nb"\n', { urlColumn: 'url' });
  expect(csv.rows.map(({ at: _, ...row }) => row)).toEqual([
    { url: null, t: null },
    { url: null, t: null },
    { url: null, t: 'a\nb' },
  ]);
});
