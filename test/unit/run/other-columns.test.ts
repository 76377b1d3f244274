import { createHash } from 'node:crypto';
import { type DataType, Field, Float64, Int64, List, Schema, Utf8 } from 'apache-arrow';
import { expect, it } from 'vitest';
import { nullData } from '../../../src/arrow/column-types.ts';
import { schemaBatch } from '../../../src/arrow/columns.ts';
import { outcomeTable } from '../../../src/dataset/outcome-table.ts';
import { encodeParquet } from '../../../src/dataset/parquet-file.ts';
import { UnitOutcomes } from '../../../src/dataset/unit-outcomes.ts';
import type { UnitRecord } from '../../../src/record.ts';
import { otherColumns } from '../../../src/run/other-columns.ts';
import type { SettledDataset } from '../../../src/run/settled-rows.ts';
import { withRoles } from '../../../src/unit-rows.ts';

const SINK = { compat: undefined, keepCredentials: false, redactQuery: false };
const ROW = { index: 0, row: 0, key: 'k', url: 'u', label: null, caption: null, sourceFile: 'm', sourceRow: 0 };
const texts = { url: new Utf8(), status: new Utf8() };

function schemaOf(columns: Readonly<Record<string, DataType>>): Schema {
  const fields = Object.entries(columns).map(([name, type]) => new Field<DataType>(name, type, true));
  return withRoles(new Schema(fields), { url: 'url' });
}

function datasetOf(columns: Readonly<Record<string, DataType>>): SettledDataset {
  const schema = schemaOf(columns);
  const children = schema.fields.map(({ type }) => nullData(type, 1));
  const content = Buffer.from(encodeParquet(outcomeTable(new UnitOutcomes([ROW]), schemaBatch(schema, 1, children))));
  const sha256 = createHash('sha256').update(content).digest('hex');
  const artifacts = [{ name: '000000.parquet', bytes: content.length, sha256 }];
  return {
    files: { final: () => ({ read: async () => content }) } as unknown as SettledDataset['files'],
    decided: {
      records: async function* () {
        yield { unit: 'u', artifacts } as unknown as UnitRecord;
      },
    },
  };
}

it('a grown manifest has to have the columns and types of the dataset, in whatever order', async () => {
  const tags = new List(new Field('item', new Utf8(), true));
  const dataset = datasetOf({ ...texts, n: new Int64(), tags });
  const differs = (columns: Readonly<Record<string, DataType>>) => otherColumns(dataset, schemaOf(columns), SINK);
  expect(await differs({ tags, n: new Int64(), ...texts })).toBeUndefined();
  expect(await differs({ ...texts, n: new Float64(), more: new Utf8() })).toBe(
    'it has more columns more; no column tags; other types of n (Int64, now Float64)',
  );
  expect(await otherColumns({ ...dataset, decided: { async *records() {} } }, schemaOf(texts), SINK)).toBeUndefined();
});
