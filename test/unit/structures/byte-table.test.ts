import fc from 'fast-check';
import { expect, it } from 'vitest';
import { viewOf } from '../../../src/arrow/copy-bytes.ts';
import { ByteTable } from '../../../src/structures/byte-table.ts';

it('numbers keys of any length by first appearance, finds them anywhere in a buffer, and gives them back', () => {
  // Few letters and zeros: keys that differ in length alone, or in one byte, are frequent.
  const key = fc.array(fc.constantFrom(0, 1, 0x61, 0xff), { maxLength: 12 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.array(key, { maxLength: 200 }), (keys) => {
      const table = new ByteTable();
      const ids = new Map<string, number>();
      const all = viewOf(Buffer.concat(keys));
      let end = 0;
      for (const bytes of keys) {
        const from = end;
        end += bytes.length;
        const text = bytes.toString('hex');
        expect(table.find(all, from, end)).toBe(ids.get(text) ?? -1);
        if (!ids.has(text)) ids.set(text, ids.size);
        expect(table.intern(all, from, end)).toBe(ids.get(text));
      }
      expect(table.size).toBe(ids.size);
    }),
  );
});

it('keeps its keys while it grows', () => {
  const table = new ByteTable();
  for (let i = 0; i < 20_000; i++) expect(table.internText(`host-${i}.example.org`)).toBe(i);
  for (let i = 0; i < 20_000; i += 37) {
    expect(table.internText(`host-${i}.example.org`)).toBe(i);
    expect(table.text(i)).toBe(`host-${i}.example.org`);
  }
});
