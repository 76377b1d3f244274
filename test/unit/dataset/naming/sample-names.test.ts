import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNameTemplate } from '../../../../src/dataset/naming/name-template.ts';
import { type NamingRules, sampleNames } from '../../../../src/dataset/naming/sample-names.ts';
import type { UnitRow } from '../../../../src/record.ts';

function rowsOf(rows: readonly Partial<UnitRow>[]): UnitRow[] {
  return rows.map((row, index) => {
    const key = `000007${String(index).padStart(4, '0')}`;
    return {
      index,
      row: index,
      key,
      url: `https://h.org/a/${index}.jpg`,
      label: null,
      caption: null,
      sourceFile: 'm',
      sourceRow: index,
      ...row,
    };
  });
}

const folders: NamingRules = { layout: 'imagefolder', nullLabel: 'output', appendPosition: false };
const parents: NamingRules = { ...folders, template: parseNameTemplate('{segment_parent}') };

describe('sampleNames', () => {
  it('sequential names are shard and position', () => {
    expect(sampleNames(rowsOf([{}, { label: 'a' }]), '000007', folders)).toEqual(['output/0000070000', 'a/0000070001']);
  });

  it('names from URLs that collide in a class get a suffix, those in different classes do not', () => {
    const rows = rowsOf([{}, {}, { label: 'b' }, {}]);
    expect(sampleNames(rows, '000007', parents)).toEqual(['output/a', 'output/a~2', 'b/a', 'output/a~3']);
  });

  it('names that differ in case only are one file on some systems and get a suffix too', () => {
    const rows = rowsOf([{ url: 'https://h.org/A/1.jpg' }, { url: 'https://h.org/a/1.jpg' }]);
    expect(sampleNames(rows, '000007', parents)).toEqual(['output/A', 'output/a~2']);
  });

  it('loose files carry shard and position, because other shards share their folder', () => {
    expect(sampleNames(rowsOf([{}]), '000007', { ...parents, appendPosition: true })).toEqual(['output/a_0000070000']);
    expect(sampleNames(rowsOf([{}]), '000007', { ...folders, appendPosition: true })).toEqual(['output/0000070000']);
  });

  it('a URL without the named part falls back to the key', () => {
    expect(sampleNames(rowsOf([{ url: 'https://h.org/' }]), '000007', parents)).toEqual(['output/0000070000']);
  });

  it('ten thousand collisions stay fast and unique', () => {
    const names = sampleNames(rowsOf(Array.from({ length: 10_000 }, () => ({}))), '000007', parents);
    expect(new Set(names).size).toBe(10_000);
  });

  it('never escape the folder, are unique and fit, for any label, URL and key', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'A', '.', '/', '%', '~', '2', '雪', '\u0000', ' ') });
    const row = fc.record({ label: fc.option(text), key: fc.string({ minLength: 1, unit: 'binary', maxLength: 300 }) });
    const layout = fc.constantFrom<NamingRules['layout']>('webdataset', 'imagefolder');
    fc.assert(
      fc.property(fc.array(row, { maxLength: 10 }), layout, fc.boolean(), (given, kind, appendPosition) => {
        const rules = { layout: kind, nullLabel: 'output', appendPosition };
        const names = sampleNames(rowsOf(given), '000007', rules);
        expect(sampleNames(rowsOf(given), '000007', rules)).toEqual(names);
        expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length);
        for (const name of names) {
          const parts = name.split('/');
          expect(parts).toHaveLength(kind === 'webdataset' ? 1 : 2);
          for (const part of parts) expect(part === '' || part === '.' || part === '..').toBe(false);
          for (const part of parts)
            expect(Buffer.byteLength(`${part}.extension1`)).toBeLessThanOrEqual(kind === 'webdataset' ? 100 : 266);
        }
      }),
    );
  });
});
