import { readdir } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ChunkStore } from '../../../../../src/stages/partition/files/chunk-store.ts';
import { tempFolder } from '../../../../support/temp-folder.ts';

it('gives every file its chunks back in order, although most of them were on disk meanwhile', async () => {
  const folder = await tempFolder();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ file: fc.nat(3), size: fc.integer({ min: 1, max: 40 }), take: fc.boolean() })), async (steps) => {
      const store = new ChunkStore(4, folder, 100);
      const expected: Uint8Array[][] = [[], [], [], []];
      for (const [i, { file, size, take }] of steps.entries()) {
        const chunk = new Uint8Array(size).fill(i);
        (expected[file] as Uint8Array[]).push(chunk);
        await store.add(file, 1, chunk);
        expect(store.rowsOf(file)).toBe(expected[file]?.length);
        if (take) expect(await store.take(file)).toEqual((expected[file] as Uint8Array[]).splice(0));
      }
      for (let file = 0; file < 4; file++) expect(await store.take(file)).toEqual(expected[file]);
      expect(await readdir(folder)).toEqual([]);
    }),
    { numRuns: 40 },
  );
});
