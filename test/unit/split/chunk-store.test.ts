import { readdir } from 'node:fs/promises';
import type { Data, RecordBatch } from 'apache-arrow';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeBatch } from '../../../src/arrow/batch-bytes.ts';
import { batchOf, int32Column, utf8Column } from '../../../src/arrow/columns.ts';
import { textColumn } from '../../../src/arrow/text.ts';
import { ChunkStore } from '../../../src/split/chunk-store.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const FILES = 4;

/** Rows numbered from `first` on. */
function batch(first: number, rows: number): RecordBatch {
  const numbers = Array.from({ length: rows }, (_, i) => first + i);
  return batchOf([
    ['n', int32Column(numbers)],
    ['text', utf8Column(numbers.map((n) => (n % 3 === 0 ? null : `row ${n}`)))],
  ]);
}

function read(chunks: readonly Uint8Array[]): [number, string | null][] {
  return chunks.map(decodeBatch).flatMap((rows) => {
    const [numbers, texts] = rows.data.children.map((column) => textColumn(column as Data));
    return (numbers as string[]).map((n, i): [number, string | null] => [Number(n), texts?.[i] ?? null]);
  });
}

it('gives every file its rows back in order, although most of them were on disk meanwhile', async () => {
  const folder = await tempFolder();
  const step = fc.record({
    file: fc.nat(FILES - 1),
    rows: fc.integer({ min: 1, max: 40 }),
    every: fc.constantFrom(1, 3),
    take: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step), async (steps) => {
      const store = new ChunkStore(FILES, folder, 100, 1000);
      const expected: [number, string | null][][] = Array.from({ length: FILES }, () => []);
      let first = 0;
      for (const { file, rows, every, take } of steps) {
        const picked = Uint32Array.from({ length: Math.ceil(rows / every) }, (_, i) => i * every);
        await store.add(file, batch(first, rows), picked);
        for (const row of picked)
          expected[file]?.push([first + row, (first + row) % 3 === 0 ? null : `row ${first + row}`]);
        expect(store.rowsOf(file)).toBe(expected[file]?.length);
        if (take) expect(read(await store.take(file))).toEqual(expected[file]?.splice(0));
        first += rows;
      }
      for (let file = 0; file < FILES; file++) expect(read(await store.take(file))).toEqual(expected[file]);
      expect(await readdir(folder)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
