import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { textColumn } from '../../../../src/arrow/text.ts';
import { columnOf, decodeParquet } from '../../../../src/dataset/parquet-file.ts';
import { StreamDestination } from '../../../../src/destination/stream-destination.ts';
import type { FetchResult } from '../../../../src/record.ts';
import { streamSink } from '../../../../src/stages/sink/stream-sink.ts';
import type { DatasetSinkOptions } from '../../../../src/stages/sink/tar-sink.ts';
import { resultOf, resultsOf, unitOf } from '../../../support/sink-units.ts';
import { temporaryFolder } from './folders.ts';
import { turns } from './memory-sink.ts';

/** What whoever reads has got; it can be made to wait, or to go away. */
class Reader extends Writable {
  readonly chunks: Buffer[] = [];
  fault: Error | undefined;
  hold: Promise<void> | undefined;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    void Promise.resolve(this.hold).then(() => {
      if (this.fault === undefined) this.chunks.push(Buffer.from(chunk));
      done(this.fault);
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

interface Stream {
  readonly reader: Reader;
  readonly folder: string;
  open(options?: DatasetSinkOptions): ReturnType<typeof streamSink>;
}

async function stream(outcomes?: string): Promise<Stream> {
  const [reader, folder] = [new Reader(), await temporaryFolder()];
  const given = { output: reader, folder, outcomes: outcomes === undefined ? undefined : join(folder, outcomes) };
  return { reader, folder, open: (options = {}) => streamSink(new StreamDestination(given), options) };
}

async function entriesOf(archive: Buffer): Promise<[name: string, content: Buffer][]> {
  const entries: [string, Buffer][] = [];
  const reader = extract();
  reader.on('entry', ({ name }, content, next) => {
    const chunks: Buffer[] = [];
    content.on('data', (chunk) => chunks.push(chunk as Buffer));
    content.on('end', () => {
      entries.push([name, Buffer.concat(chunks)]);
      next();
    });
  });
  await pipeline(Readable.from([archive]), reader);
  return entries;
}

function columnsOf(table: Buffer, ...names: string[]): (string | null)[][] {
  return names.map((name) => decodeParquet(table).flatMap((batch) => textColumn(columnOf(batch, name))));
}

function interleaved(...lists: readonly FetchResult[][]): FetchResult[] {
  const most = Math.max(...lists.map((list) => list.length));
  return Array.from({ length: most }, (_, i) => lists.flatMap((list) => list[i] ?? [])).flat();
}

describe('streamSink', () => {
  it('writes one archive: whole samples of all open units as they settle, and the table of all rows last', async () => {
    const { reader, open } = await stream();
    const captions = ['a', 'b', 'c'];
    const [a, b] = [unitOf({ rows: 3, captions }), unitOf({ index: 1, rows: 3, firstRow: 3, captions })];
    const failed = resultOf(b, 1, { status: 'failed', code: 'http_404' });
    const results = interleaved(resultsOf(a), [resultOf(b, 0), failed, resultOf(b, 2)]);
    await pipeline(Readable.from(results), open());
    const entries = await entriesOf(reader.bytes);
    const keys = ['0000000000', '0000000001', '0000000002', '0000010000', '0000010002'];
    const names = entries.map(([name]) => name);
    const samples = keys.map((_, i) => names.slice(3 * i, 3 * i + 3));
    expect(samples.sort()).toEqual(keys.map((key) => [`${key}.jpg`, `${key}.txt`, `${key}.json`]));
    expect(names.slice(15)).toEqual(['.outcomes.parquet']);
    expect(entries.find(([entry]) => entry === '0000000001.jpg')?.[1].toString()).toBe('image 1');
    const [status, name] = columnsOf(entries.at(-1)?.[1] as Buffer, 'status', 'name');
    expect(status?.filter((text) => text === 'fetched')).toHaveLength(5);
    expect(name?.filter((text) => text !== null)).toEqual(keys.map((key) => `${key}.jpg`));
    expect(reader.bytes.subarray(-1024)).toEqual(Buffer.alloc(1024));
    expect(reader.writableEnded).toBe(false);
    expect([a.calls, b.calls]).toEqual([['done'], ['done']]);
  });

  it('keeps names apart that a key column repeats from unit to unit, unless the user vouches for them', async () => {
    const names = async (options: DatasetSinkOptions): Promise<string[]> => {
      const { reader, open } = await stream('o.csv');
      const units = [unitOf({ rows: 1, keys: ['k'] }), unitOf({ index: 1, rows: 1, keys: ['k'] })];
      await pipeline(Readable.from(units.flatMap(resultsOf)), open({ outputFormat: 'imagefolder', ...options }));
      return (await entriesOf(reader.bytes)).map(([name]) => name);
    };
    expect(await names({})).toEqual(['output/k_0000000000.png', 'output/k_0000010000.png']);
    expect(await names({ trustNames: true })).toEqual(['output/k.png', 'output/k.png']);
  });

  it.for(['o.parquet', 'o.csv'])('writes the table to a file instead (%s)', async (file) => {
    const { reader, folder, open } = await stream(file);
    const units = [unitOf({ rows: 2 }), unitOf({ index: 1, rows: 1, firstRow: 2 })];
    await pipeline(Readable.from(units.flatMap(resultsOf)), open());
    expect((await entriesOf(reader.bytes)).map(([name]) => name)).not.toContain('.outcomes.parquet');
    const table = await readFile(join(folder, file));
    const lines = table.toString().split('\n');
    if (file.endsWith('.csv'))
      expect(lines.map((line) => line.split(',')[2])).toEqual(['row', '0', '1', '2', undefined]);
    else expect(columnsOf(table, 'name')).toEqual([['0000000000.jpg', '0000000001.jpg', '0000010000.jpg']]);
  });

  it('is one gzip stream when it is asked for', async () => {
    const { reader, open } = await stream();
    await pipeline(Readable.from(resultsOf(unitOf({ rows: 2 }))), open({ compressTar: true }));
    expect(await entriesOf(gunzipSync(reader.bytes))).toHaveLength(5);
  });

  it('does not write a row again whose unit is delivered once more', async () => {
    const { reader, open } = await stream();
    const lease = new AbortController();
    const lost = unitOf({ rows: 3, signal: lease.signal });
    const sink = open();
    await pipeline(
      (async function* () {
        yield* [resultOf(lost, 0), resultOf(lost, 1, { status: 'failed', code: 'http_404' })];
        await turns();
        lease.abort(new Error('somebody else works on it'));
        yield* resultsOf(unitOf({ rows: 3 }));
      })(),
      sink,
    );
    const table = (await entriesOf(reader.bytes)).at(-1)?.[1] as Buffer;
    expect(columnsOf(table, 'status')).toEqual([['fetched', 'failed', 'fetched']]);
    const names = (await entriesOf(reader.bytes)).map(([name]) => name).filter((name) => name.endsWith('.jpg'));
    expect(names).toEqual(['0000000000.jpg', '0000000002.jpg']);
    expect(sink.stats()).toMatchObject({ unitsCommitted: 1, rowsStored: 2, rowsFailed: 1 });
  });

  it('counts what was fetched when the input ends in the middle of a unit, and ends the archive', async () => {
    const { reader, open } = await stream();
    const sink = open();
    await pipeline(Readable.from(resultsOf(unitOf({ rows: 5 })).slice(1, 3)), sink);
    const entries = await entriesOf(reader.bytes);
    expect(entries.map(([name]) => name).filter((name) => !name.endsWith('json'))).toEqual([
      '0000000001.jpg',
      '0000000002.jpg',
      '.outcomes.parquet',
    ]);
    expect(columnsOf(entries.at(-1)?.[1] as Buffer, 'status')).toEqual([['fetched', 'fetched']]);
  });

  it('holds back what comes while the reader does not read, and gives no body back before it is written', async () => {
    const { reader, open } = await stream();
    let goOn = (): void => {};
    reader.hold = new Promise((resolve) => {
      goOn = resolve;
    });
    const body = Buffer.alloc(4 * 1024 * 1024);
    const unit = unitOf({ rows: 40 });
    const results = unit.decoded.map((row) => resultOf(unit, row.index, { body }));
    const sink = open();
    const done = pipeline(Readable.from(results), sink);
    await turns(200);
    expect(sink.stats().pendingWrites).toBeLessThan(12);
    expect(results.filter(({ released }) => released.times > 0)).toEqual([]);
    goOn();
    await done;
    expect(results.every(({ released }) => released.times === 1)).toBe(true);
    expect((await entriesOf(reader.bytes)).length).toBe(81);
  });

  it('ends when its reader is gone, and says that it cannot be resumed', async () => {
    const { reader, open } = await stream();
    reader.fault = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    const results = resultsOf(unitOf({ rows: 3 }));
    await expect(pipeline(Readable.from(results), open())).rejects.toMatchObject({
      code: 'FDC_ERR_DEST_IO',
      message: expect.stringMatching(/reader is gone \(EPIPE\).*cannot be resumed/),
    });
    expect(results.map(({ released }) => released.times)).toEqual([1, 1, 1]);
  });

  it('can be ended while its reader reads nothing', async () => {
    const { reader, open } = await stream();
    reader.hold = new Promise(() => {});
    const results = resultsOf(unitOf({ rows: 3 }));
    const signal = AbortSignal.timeout(50);
    await expect(pipeline(Readable.from(results), open(), { signal })).rejects.toThrow(/abort/i);
    await turns();
    expect(results.map(({ released }) => released.times)).toEqual([1, 1, 1]);
    expect(reader.destroyed).toBe(true);
  });
});
