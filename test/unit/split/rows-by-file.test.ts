import fc from 'fast-check';
import { expect, it } from 'vitest';
import { rowsByFile } from '../../../src/split/rows-by-file.ts';

it('gives every row once, to its file, files and rows in order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(6)), (fileOf) => {
      const parts = [...rowsByFile(Int32Array.from(fileOf), 7)].map(({ file, rows }) => [file, [...rows]]);
      const files = [...new Set(fileOf)].sort((a, b) => a - b);
      expect(parts).toEqual(files.map((file) => [file, [...fileOf.keys()].filter((row) => fileOf[row] === file)]));
    }),
  );
});
