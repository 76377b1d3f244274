import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';
import { describe, expect, it } from 'vitest';
import { FolderDestination } from '../../../../src/destination/folder-destination.ts';
import { folderPaths } from '../../../../src/destination/folder-layout.ts';
import { adoptFromStats } from '../../../../src/job/adopt-records.ts';
import { createLocalCommitter } from '../../../../src/job/local-committer.ts';
import type { FetchResult, UnitRecord } from '../../../../src/record.ts';
import { type DatasetSinkOptions, tarSink } from '../../../../src/stages/sink/tar-sink.ts';
import { resultOf, resultsOf, unitOf } from '../../../support/sink-units.ts';
import { filesBelow, temporaryFolder } from './folders.ts';

async function write(folder: string, results: readonly FetchResult[], options: DatasetSinkOptions = {}): Promise<void> {
  await pipeline(Readable.from(results), tarSink(folder, { clock: stillClock, ...options }));
}

const stillClock = { nowMs: () => 0, wallMs: () => 1_700_000_001_000, timer: () => () => {} };

describe('tarSink', () => {
  it('writes a shard, its outcome table and its stats, and nothing else', async () => {
    const folder = await temporaryFolder();
    const unit = unitOf({ rows: 3 });
    await write(folder, resultsOf(unit));
    const seen = await filesBelow(folder);
    expect(seen.filter((name) => !name.startsWith('.flow-dc/'))).toEqual([
      '000000.parquet',
      '000000.stats.json',
      '000000.tar',
    ]);
    expect(seen.filter((name) => name.includes('staging'))).toEqual([]);
    expect(unit.calls).toEqual(['done']);
  });

  it('the same results in the same order make the same bytes, also compressed', async () => {
    const [first, second] = [await temporaryFolder(), await temporaryFolder()];
    for (const folder of [first, second])
      await write(folder, resultsOf(unitOf({ rows: 40, labels: Array(40).fill('a') })), { compressTar: true });
    const [one, two] = await Promise.all([first, second].map((folder) => readFile(join(folder, '000000.tar.gz'))));
    expect(one?.equals(two as Buffer)).toBe(true);
    expect(gunzipSync(one as Buffer).length % 512).toBe(0);
  });

  it('the outcome table has every row once in manifest order, whatever order they finished in', async () => {
    const folder = await temporaryFolder();
    const unit = unitOf({ rows: 4, firstRow: 100, captions: ['a', 'b', 'c', 'd'] });
    const failed = resultOf(unit, 1, { status: 'failed', code: 'http_404', httpStatus: 404 });
    const skipped = resultOf(unit, 3, { status: 'skipped', code: 'robots_tag' });
    await write(folder, [skipped, resultOf(unit, 2), failed, resultOf(unit, 0)]);
    const table = tableFromIPC(readParquet(await readFile(join(folder, '000000.parquet'))).intoIPCStream());
    const rows = table.toArray().map((row) => row.toJSON());
    expect(rows.map((row) => [Number(row.row), row.status, row.code, row.name])).toEqual([
      [100, 'fetched', null, '0000000000.jpg'],
      [101, 'failed', 'http_404', null],
      [102, 'fetched', null, '0000000002.jpg'],
      [103, 'skipped', 'robots_tag', null],
    ]);
    expect(rows.map((row) => row.caption)).toEqual(['a', 'b', 'c', 'd']);
    expect(rows[0]).toMatchObject({
      fetched_at: 1_700_000_000_123,
      attempt_set: 1,
      bytes: 9n,
      source_file: 'm.parquet',
    });
  });

  it('a body that was spilled to disk is stored as if it had stayed in memory', async () => {
    const folder = await temporaryFolder();
    const path = join(await temporaryFolder(), 'body');
    const bytes = Buffer.alloc(3_000_001, 'spilled ');
    await writeFile(path, bytes);
    const unit = unitOf({ rows: 2 });
    await write(folder, [resultOf(unit, 0, { body: { path, bytes: bytes.length } }), resultOf(unit, 1)]);
    const tar = await readFile(join(folder, '000000.tar'));
    expect(tar.subarray(512, 512 + bytes.length).equals(bytes)).toBe(true);
    expect(tar.length % 512).toBe(0);
  });

  it('the stats file holds the decided record, so the folder alone can restore a lost state', async () => {
    const folder = await temporaryFolder();
    const unit = unitOf({ rows: 2 });
    await write(folder, [resultOf(unit, 0), resultOf(unit, 1, { status: 'failed', code: 'reset' })]);
    const state = join(folder, '.flow-dc');
    const decided = await createLocalCommitter(state).record(unit.id);
    expect(decided).toMatchObject({ rows: 2, stored: 1, failed: 1, errors: { reset: 1 }, bytes: 7 });
    await rm(state, { recursive: true });
    expect(await adoptFromStats(folderPaths(folder, 'shards'))).toEqual({ adopted: 1, refused: [] });
    expect(await createLocalCommitter(state).record(unit.id)).toEqual(decided);
  });

  it('a second attempt at a decided unit leaves the first one in place and nothing behind', async () => {
    const folder = await temporaryFolder();
    await write(folder, resultsOf(unitOf({ rows: 2 })));
    const before = await readFile(join(folder, '000000.tar'));
    const again = unitOf({ rows: 2 });
    await write(folder, [resultOf(again, 0, { body: Buffer.from('other') }), resultOf(again, 1)]);
    expect((await readFile(join(folder, '000000.tar'))).equals(before)).toBe(true);
    expect((await filesBelow(folder)).filter((path) => path.includes('staging'))).toEqual([]);
    expect(again.calls).toEqual(['done']);
  });

  it('keeps what it staged when nobody can tell whether the commit got through', async () => {
    const folder = await temporaryFolder();
    const destination = new FolderDestination(folder);
    const local = createLocalCommitter(destination.stateFolder);
    const committer = {
      record: local.record.bind(local),
      commit: async (record: UnitRecord) => {
        await local.commit(record);
        throw new Error('the answer was lost');
      },
    };
    const unit = unitOf({ rows: 1 });
    await pipeline(Readable.from(resultsOf(unit)), tarSink(destination, { committer }));
    expect(unit.calls).toEqual(['fail: the answer was lost']);
    await destination.rollForward((await local.record(unit.id)) as UnitRecord);
    expect(await filesBelow(folder)).toContain('000000.tar');
  });

  it('more than 50 rows of a host with the same bytes are flagged as a placeholder', async () => {
    const folder = await temporaryFolder();
    const unit = unitOf({ rows: 60 });
    const body = Buffer.from('no longer available');
    await write(
      folder,
      unit.decoded.map(({ index }) => resultOf(unit, index, index < 51 ? { body } : {})),
    );
    const table = tableFromIPC(readParquet(await readFile(join(folder, '000000.parquet'))).intoIPCStream());
    const flagged = table.toArray().filter((row) => [...row.toJSON().flags].includes('placeholder'));
    expect(flagged).toHaveLength(51);
  });

  it('what is odd about a stored body is in its row of the table', async () => {
    const folder = await temporaryFolder();
    const unit = unitOf({ rows: 2 });
    await write(folder, [resultOf(unit, 0, { flags: ['broken', 'bytes_before'] }), resultOf(unit, 1, { flags: [] })]);
    const table = tableFromIPC(readParquet(await readFile(join(folder, '000000.parquet'))).intoIPCStream());
    expect(table.toArray().map((row) => [...row.toJSON().flags])).toEqual([['broken', 'bytes_before'], []]);
  });

  it('misuse throws where the sink is built, with the fix', () => {
    expect(() => tarSink('out', { namingMode: 'url_based', fileNamePattern: '{segement[1]}' })).toThrow(
      /segment_parent/,
    );
    expect(() => tarSink('out', { createTar: false })).toThrow(/folderSink/);
  });
});
