import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFooter } from '../../../../src/stages/manifest/parquet-footer.ts';
import { readManifest } from '../../../../src/stages/manifest/read-manifest.ts';
import { collect } from './collect-rows.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}.parquet`, import.meta.url));

describe('UUIDs of parquet', () => {
  it.each([
    ['uuid-duckdb', 'd2ec9756-7cdd-4424-b297-3af67abc543c'],
    ['uuid-pyarrow', '0c6c9eea-2b78-4296-87d7-dedbb39c65f3'],
  ])('are text, as %s writes them', async (name, uuid) => {
    const reader = readManifest(fixture(name), { keyColumn: 'id' });
    const { rows } = await collect(reader);
    expect(rows).toMatchObject([{ id: uuid }]);
    expect((await reader.ready).columns).toContainEqual({ name: 'id', type: 'Utf8' });
    const { rows: before } = await collect(readManifest(fixture(name), { jsonTypes: false }));
    expect(before).not.toMatchObject([{ id: uuid }]);
  });

  it('a footer that cannot be understood names none, and ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (footer) => {
        expect(Array.isArray(readFooter(footer).uuids)).toBe(true);
      }),
    );
    // A list of structs that hold such lists, without end; one of 2^60 items.
    expect(readFooter(Buffer.alloc(5000, 0x2c))).toEqual({ uuids: [], texts: [], lost: [] });
    expect(readFooter(Buffer.from('29fcffffffffffffffff0f', 'hex'))).toEqual({ uuids: [], texts: [], lost: [] });
  });
});
