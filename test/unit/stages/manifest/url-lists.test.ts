import { expect, it } from 'vitest';
import { readText } from './collect-rows.ts';

it.each([
  ['a blank', 'https://a.test/1.jpg cat\nhttps://a.test/2.jpg dog\n'],
  ['a control character', 'https://a.test/1.jpg\x02cat\n'],
])('a list with more behind its URLs says so, and what divides it: %s', async (_what, content) => {
  const { warnings } = await readText('m.txt', content);
  expect(warnings).toEqual([expect.stringMatching(/m\.txt, line 1: something stands behind the URL: .*delimiter/)]);
});

it('a list of URLs alone says nothing, with a header or without one', async () => {
  expect((await readText('m.txt', 'https://a.test/a b.jpg?x=1\n'.replace(' ', '%20'))).warnings).toEqual([]);
  expect((await readText('m.txt', 'url\nhttps://a.test/1.jpg\n')).warnings).toEqual([]);
});

it('divided as it was said, it is a table', async () => {
  const { rows } = await readText('m.txt', 'https://a.test/1.jpg cat\n', { delimiter: ' ' });
  expect(rows).toMatchObject([{ url: 'https://a.test/1.jpg', column_2: 'cat' }]);
});
