import { type Data, Int64, vectorFromArray } from 'apache-arrow';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { utf8Column } from '../../../src/arrow/columns.ts';
import { ValueCensus } from '../../../src/split/row-grouping.ts';

it('tells every value from every other, null and the empty text among them', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.constantFrom('', 'null', 'a', 'b', 'ü', '🦋'))), (values) => {
      const ids = new ValueCensus().read(utf8Column(values));
      values.forEach((value, i) => {
        values.forEach((other, j) => {
          expect(ids[i] === ids[j]).toBe(value === other);
        });
      });
    }),
    { numRuns: 50 },
  );
});

it('tells large integers apart', () => {
  const column = vectorFromArray([2n ** 60n, 2n ** 60n + 1n, null, 2n ** 60n], new Int64()).data[0] as Data;
  expect([...new ValueCensus().read(column)]).toEqual([1, 2, 0, 1]);
});
