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
