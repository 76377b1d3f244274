import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';
import { describe, expect, it } from 'vitest';
import { float64Column, utf8Column } from '../../../../src/arrow/columns.ts';
import type { FetchResult } from '../../../../src/record.ts';
import { type DatasetSinkOptions, tarSink } from '../../../../src/stages/sink/tar-sink.ts';
import { resultOf, resultsOf, unitOf } from '../../../support/sink-units.ts';
import { filesBelow, temporaryFolder } from './folders.ts';

const stillClock = { nowMs: () => 0, wallMs: () => 1_700_000_001_000, timer: () => () => {} };

async function write(results: readonly FetchResult[], options: DatasetSinkOptions = {}): Promise<string> {
  const folder = await temporaryFolder();
  await pipeline(Readable.from(results), tarSink(folder, { clock: stillClock, outputFormat: 'parquet', ...options }));
  return folder;
}

async function rowsOf(folder: string, name = 'data-000000.parquet') {
  const table = tableFromIPC(readParquet(await readFile(join(folder, name))).intoIPCStream());
  return { table, rows: table.toArray().map((row) => row.toJSON()) };
}

describe('parquet files with the samples in them', () => {
  it('are the shards, beside the outcome table and the stats', async () => {
    const folder = await write(resultsOf(unitOf({ rows: 3 })));
    const seen = await filesBelow(folder);
    expect(seen.filter((name) => !name.startsWith('.flow-dc/'))).toEqual([
      '000000.parquet',
      '000000.stats.json',
      'data-000000.parquet',
    ]);
  });

  it('have the bytes as Hugging Face stores images, and what is known of each beside them', async () => {
    const unit = unitOf({
      ...{ rows: 3, labels: ['a', 'b', null], captions: ['x', null, 'z'] },
      extra: [
        ['score', float64Column([1, null, 3.5])],
        ['image', utf8Column(['p', 'q', 'r'])],
      ],
    });
    const failed = resultOf(unit, 1, { status: 'failed', code: 'http_404', httpStatus: 404 });
    const { table, rows } = await rowsOf(await write([resultOf(unit, 2), failed, resultOf(unit, 0)]));
    expect(String(table.schema.fields[0])).toBe('image: Struct<{bytes:Binary, path:Utf8}>');
    expect(JSON.parse(table.schema.metadata.get('huggingface') ?? '')).toEqual({
      info: { features: { image: { _type: 'Image' } } },
    });
    const seen = rows.map(({ image, ...row }) => [
      Buffer.from(image.bytes).toString(),
      image.path,
      ...[row.label, row.caption, row.score, row.manifest_image, Number(row.row), row.width, row.height],
    ]);
    expect(seen).toEqual([
      ['image 0', '0000000000.png', 'a', 'x', 1, 'p', 0, 4, 3],
      ['image 2', '0000000002.png', null, 'z', 3.5, 'r', 2, 4, 3],
    ]);
  });

  it('the same rows make the same bytes, whatever order and pieces they came in, and however long that took', async () => {
    const unit = unitOf({ rows: 40 });
    const results = resultsOf(unit);
    const pieces = (result: FetchResult): FetchResult => {
      const body = result.body as Buffer;
      return { ...result, pieces: [body.subarray(0, 3), body.subarray(3)], body: undefined };
    };
    const [first, second] = await Promise.all([write(results), write([...results].reverse().map(pieces))]);
    const [one, two] = await Promise.all(
      [first, second].map((folder) => readFile(join(folder, 'data-000000.parquet'))),
    );
    expect(one?.equals(two as Buffer)).toBe(true);
  });

  it('a body that was spilled to disk is stored as if it had stayed in memory', async () => {
    const path = join(await temporaryFolder(), 'body');
    const bytes = Buffer.alloc(3_000_001, 'spilled ');
    await writeFile(path, bytes);
    const unit = unitOf({ rows: 3 });
    const spilled = resultOf(unit, 1, { body: { path, bytes: bytes.length } });
    const { rows } = await rowsOf(await write([resultOf(unit, 0), spilled, resultOf(unit, 2)]));
    expect(rows.map(({ image }) => image.bytes.length)).toEqual([7, bytes.length, 7]);
    expect(Buffer.from(rows[1]?.image.bytes).equals(bytes)).toBe(true);
  });

  it('a unit without a stored row has a file without rows', async () => {
    const unit = unitOf({ rows: 1 });
    const { table } = await rowsOf(await write([resultOf(unit, 0, { status: 'failed', code: 'http_404' })]));
    expect([table.numRows, table.schema.names.slice(0, 2)]).toEqual([0, ['image', 'key']]);
  });
});
