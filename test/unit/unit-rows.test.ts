import { Binary, Dictionary, Float64, Int32, Int64, Utf8, vectorFromArray } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { batchOf } from '../../src/arrow/columns.ts';
import type { ColumnRoles, Unit } from '../../src/record.ts';
import { decodeRows, readRoles, withRoles } from '../../src/unit-rows.ts';
import { manifestBatch } from '../support/manifests.ts';

const column = (values: unknown[], type: ConstructorParameters<typeof Dictionary>[0]) =>
  vectorFromArray(values, type).data[0] as never;

function unitOf(urls: (string | null)[], own: [string, unknown][] = [], roles: ColumnRoles = { url: 'url' }): Unit {
  const plain = manifestBatch(urls, 40, own as never);
  const rows = batchOf(
    plain.schema.fields.map((field, i) => [field.name, plain.data.children[i] as never]),
    withRoles(plain.schema, roles).metadata,
  );
  return { id: '000012-00000000', shard: '000012', rows, hosts: [] };
}

describe('decodeRows', () => {
  it('numbers rows within the unit and over the manifest, and derives keys from the shard', () => {
    expect(decodeRows(unitOf(['https://a.example.org/ü', null]))).toEqual([
      {
        index: 0,
        row: 40,
        key: '0000120000',
        url: 'https://a.example.org/ü',
        label: null,
        caption: null,
        sourceFile: 'manifest.parquet',
        sourceRow: 40,
      },
      {
        index: 1,
        row: 41,
        key: '0000120001',
        url: '',
        label: null,
        caption: null,
        sourceFile: 'manifest.parquet',
        sourceRow: 41,
      },
    ]);
  });

  it.each([
    ['64-bit integers', [2n ** 62n, null], new Int64(), ['4611686018427387904', null]],
    ['numbers', [1.5, null], new Float64(), ['1.5', null]],
    ['dictionaries', ['x', null], new Dictionary(new Utf8(), new Int32()), ['x', null]],
    ['bytes without a string mark', [Buffer.from('ü'), null], new Binary(), ['ü', null]],
    ['empty text', ['', null], new Utf8(), ['', null]],
  ])('makes labels and captions of %s text, and keeps nulls', (_what, values, type, expected) => {
    const rows = decodeRows(
      unitOf(['a', 'b'], [['c', column(values as unknown[], type as Utf8)]], { url: 'url', label: 'c', caption: 'c' }),
    );
    expect(rows.map((row) => row.label)).toEqual(expected);
    expect(rows.map((row) => row.caption)).toEqual(expected);
  });

  it('takes keys from the key column, and falls back where it is null', () => {
    const rows = decodeRows(
      unitOf(['a', 'b'], [['id', column([7n, null], new Int64() as never)]], { url: 'url', key: 'id' }),
    );
    expect(rows.map((row) => row.key)).toEqual(['7', '0000120001']);
  });
});

describe('column roles', () => {
  it('travel in the metadata of the schema', () => {
    const { schema } = manifestBatch(['a']);
    const roles = { url: 'url', label: 'l', caption: 'c', key: 'k' };
    expect(readRoles(withRoles(schema, roles))).toEqual(roles);
    expect(readRoles(withRoles(withRoles(schema, roles), { url: 'url' }))).toEqual({ url: 'url' });
  });

  it('must name a URL column', () => {
    expect(() => readRoles(batchOf([]).schema)).toThrow(expect.objectContaining({ code: 'FDC_ERR_SINK_PROTOCOL' }));
  });
});
