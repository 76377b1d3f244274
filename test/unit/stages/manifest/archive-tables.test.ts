import { expect, it } from 'vitest';
import { FoundTables } from '../../../../src/stages/manifest/archive-tables.ts';

it.each([
  ['**', ['n.csv', 't.parquet']],
  ['*.parquet', ['t.parquet']],
  [undefined, ['t.parquet']],
])('of tables of several kinds a pattern means all that it fits: %s', (member, expected) => {
  const found = new FoundTables('a.zip', member);
  for (const name of ['t.parquet', 'n.csv', '1.jpg']) found.add({ name });
  expect(found.chosen().entries.map(({ name }) => name)).toEqual(expected);
});
