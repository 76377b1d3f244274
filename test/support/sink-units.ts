/** Units and results as the stages before the sink make them. */
import { createHash } from 'node:crypto';
import { type Data, RecordBatch } from 'apache-arrow';
import { batchOf, repeatedUtf8Column, sequenceColumn, utf8Column } from '../../src/arrow/columns.ts';
import type { ColumnRoles, FetchResult, OpenUnit, UnitRow } from '../../src/record.ts';
import { ROW_COLUMN, SOURCE_FILE_COLUMN, SOURCE_ROW_COLUMN } from '../../src/record.ts';
import { decodeRows, withRoles } from '../../src/unit-rows.ts';

export interface UnitShape {
  readonly index?: number;
  readonly rows: number;
  readonly firstRow?: number;
  readonly labels?: readonly (string | null)[];
  readonly captions?: readonly (string | null)[];
  readonly keys?: readonly (string | null)[];
  readonly urls?: readonly (string | null)[];
  readonly extra?: readonly (readonly [name: string, data: Data])[];
  readonly signal?: AbortSignal;
}

/** An open unit that notes how it ended. */
export interface TestUnit extends OpenUnit {
  readonly calls: string[];
  readonly decoded: readonly UnitRow[];
}

export function unitOf(shape: UnitShape): TestUnit {
  const index = shape.index ?? 0;
  const shard = String(index).padStart(6, '0');
  const id = `${shard}-${createHash('sha256').update(shard).digest('hex').slice(0, 8)}`;
  const batch = batchFor(shape);
  const calls: string[] = [];
  return {
    ...{ id, shard, rows: shape.rows, batch, calls, attempt: 1 },
    decoded: decodeRows({ shard, rows: batch }),
    signal: shape.signal ?? new AbortController().signal,
    done: async () => void calls.push('done'),
    fail: async (error) => void calls.push(`fail: ${error.message}`),
  };
}

function batchFor({ rows, firstRow = 0, labels, captions, keys, urls, extra = [] }: UnitShape): RecordBatch {
  const places = Array.from({ length: rows }, (_, i) => `https://img.example.org/photos/${firstRow + i}/large.jpg`);
  const columns: [string, Data][] = [
    [ROW_COLUMN, sequenceColumn(firstRow, rows)],
    [SOURCE_FILE_COLUMN, repeatedUtf8Column('m.parquet', rows)],
    [SOURCE_ROW_COLUMN, sequenceColumn(firstRow, rows)],
    ['URL', utf8Column(urls ?? places)],
  ];
  const roles: { -readonly [Role in keyof ColumnRoles]: ColumnRoles[Role] } = { url: 'URL' };
  for (const [role, name, values] of [
    ['label', 'species', labels],
    ['caption', 'TEXT', captions],
    ['key', 'id', keys],
  ] as const) {
    if (values === undefined) continue;
    columns.push([name, utf8Column(values)]);
    roles[role] = name;
  }
  const batch = batchOf([...columns, ...extra.map(([name, data]) => [name, data] as const)]);
  return new RecordBatch(withRoles(batch.schema, roles), batch.data);
}

export interface TestResult extends FetchResult {
  readonly released: { times: number };
}

/** A fetched row; pass `status` and `code` for one that was not. */
export function resultOf(unit: TestUnit, index: number, given: Partial<FetchResult> = {}): TestResult {
  const row = unit.decoded[index] as UnitRow;
  const stored = (given.status ?? 'fetched') === 'fetched';
  const body = stored ? (given.body ?? Buffer.from(`image ${row.row}`)) : undefined;
  const released = { times: 0 };
  return {
    ...{ row, unit, status: 'fetched', host: 'img.example.org', attempts: 1, fetchedAtMs: 1_700_000_000_123, released },
    bytes: stored && body !== undefined ? (body instanceof Uint8Array ? body.byteLength : body.bytes) : 0,
    ...(stored ? { httpStatus: 200, contentType: 'image/png', extension: 'png', width: 4, height: 3 } : {}),
    ...(body instanceof Uint8Array ? { sha256: createHash('sha256').update(body).digest('hex') } : {}),
    ...given,
    ...(body === undefined ? {} : { body }),
    release: () => {
      released.times += 1;
    },
  };
}

/** All rows fetched. */
export function resultsOf(unit: TestUnit): TestResult[] {
  return unit.decoded.map((row) => resultOf(unit, row.index));
}
