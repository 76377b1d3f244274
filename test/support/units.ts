/** Units made by hand. */
import { createHash, randomUUID } from 'node:crypto';
import { Float64, RecordBatch, Schema, Table, Utf8, vectorFromArray } from 'apache-arrow';
import { hostOf } from '../../src/host/host.ts';
import {
  type HostRows,
  ROLE_METADATA,
  ROW_COLUMN,
  SOURCE_FILE_COLUMN,
  SOURCE_ROW_COLUMN,
  type Unit,
  type UnitRecord,
} from '../../src/record.ts';

/** One manifest row; `row` counts over the whole manifest. */
export interface TestRow {
  readonly url: string | null;
  readonly label?: string | null;
  readonly caption?: string | null;
}

export interface UnitOptions {
  /** The unit's number: shard name and first part of its id. Default 0. */
  readonly index?: number;
  /** Number of the first row over the whole manifest. Default: index x rows. */
  readonly firstRow?: number;
  /** Name in the source file column. Default `manifest.parquet`. */
  readonly sourceFile?: string;
}

/** A unit with a real Arrow batch: the reader's columns, then `url`, `label`, `caption`. */
export function makeUnit(rows: readonly TestRow[], options: UnitOptions = {}): Unit {
  const { index = 0, sourceFile = 'manifest.parquet' } = options;
  const firstRow = options.firstRow ?? index * rows.length;
  const shard = String(index).padStart(6, '0');
  const hash = createHash('sha256');
  rows.forEach((row, position) => {
    hash.update(`${firstRow + position} ${row.url ?? ''}\n`);
  });
  return {
    id: `${shard}-${hash.digest('hex').slice(0, 8)}`,
    shard,
    rows: makeBatch(rows, firstRow, sourceFile),
    hosts: hostsOf(rows),
  };
}

/** `count` small units of `rowsEach` rows on `host`, numbered from 0. */
export function makeUnits(count: number, rowsEach = 2, host = 'h.example'): Unit[] {
  return Array.from({ length: count }, (_, index) => {
    const rows = Array.from({ length: rowsEach }, (_row, position) => ({
      url: `https://${host}/${index * rowsEach + position}.jpg`,
      label: 'cat',
    }));
    return makeUnit(rows, { index });
  });
}

/** A record in which every row of the unit was stored in one artifact, unless told otherwise. */
export function recordOf(unit: Unit, changes: Partial<UnitRecord> = {}): UnitRecord {
  const rows = unit.rows.numRows;
  return {
    unit: unit.id,
    token: randomUUID(),
    worker: 'test-worker',
    rows,
    stored: rows,
    failed: 0,
    skipped: 0,
    bytes: rows * 100,
    artifacts: [{ name: `${unit.shard}.tar`, bytes: 1024, sha256: 'a'.repeat(64) }],
    errors: {},
    committedAtMs: Date.UTC(2026, 0, 1),
    ...changes,
  };
}

function makeBatch(rows: readonly TestRow[], firstRow: number, sourceFile: string): RecordBatch {
  const columns = {
    [ROW_COLUMN]: vectorFromArray(
      rows.map((_, position) => firstRow + position),
      new Float64(),
    ),
    [SOURCE_FILE_COLUMN]: vectorFromArray(
      rows.map(() => sourceFile),
      new Utf8(),
    ),
    [SOURCE_ROW_COLUMN]: vectorFromArray(
      rows.map((_, position) => firstRow + position),
      new Float64(),
    ),
    url: vectorFromArray(
      rows.map((row) => row.url),
      new Utf8(),
    ),
    label: vectorFromArray(
      rows.map((row) => row.label ?? null),
      new Utf8(),
    ),
    caption: vectorFromArray(
      rows.map((row) => row.caption ?? null),
      new Utf8(),
    ),
  };
  const batch = new Table(columns).batches[0];
  if (batch === undefined) throw new RangeError('a unit has at least one row');
  const roles = Object.entries(ROLE_METADATA).filter(([role]) => role !== 'key');
  const schema = new Schema(batch.schema.fields, new Map(roles.map(([role, key]) => [key, role])));
  return new RecordBatch(schema, batch.data);
}

function hostsOf(rows: readonly TestRow[]): HostRows[] {
  const counts = new Map<string, number>();
  for (const { url } of rows) {
    const host = hostOf(url ?? '');
    counts.set(host, (counts.get(host) ?? 0) + 1);
  }
  return [...counts].map(([host, count]) => ({ host, rows: count }));
}
