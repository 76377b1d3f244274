import { Bool, type Data, Field, Int32, List, Struct, vectorFromArray } from 'apache-arrow';
import { Table } from 'parquet-wasm';
import { describe, expect, it } from 'vitest';
import { decodeBatch, encodeBatch } from '../../../src/arrow/batch-bytes.ts';
import { batchOf, boolColumn } from '../../../src/arrow/columns.ts';
import { jsonReader } from '../../../src/arrow/json-value.ts';

const flag = new Field('flag', new Bool(), true);

describe('encodeBatch', () => {
  it.each<[string, Data, unknown[]]>([
    ['one null', boolColumn([null]), [null]],
    ['nulls', boolColumn([null, null, null]), [null, null, null]],
    [
      'nulls within structs',
      vectorFromArray(
        [{ flag: null, n: 1 }, null],
        new Struct<never>([flag, new Field('n', new Int32(), true)] as never),
      ).data[0] as Data,
      [{ flag: null, n: 1 }, null],
    ],
    ['nulls within lists', vectorFromArray([[null, null], null], new List(flag)).data[0] as Data, [[null, null], null]],
  ])('writes a bool column of %s so that other readers take it too', (_name, column, expected) => {
    const ipc = encodeBatch(batchOf([['c', column]]));
    const back = decodeBatch(ipc).data.children[0] as Data;
    expect(String(back.type)).toBe(String(column.type));
    expect(expected.map((_, i) => jsonReader(back)(i))).toEqual(expected);
    expect(Table.fromIPCStream(ipc).recordBatches()[0]?.numRows).toBe(expected.length);
  });
});
