import { buffer } from 'node:stream/consumers';
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';
import { describe, expect, it } from 'vitest';
import { float64Column } from '../../../../src/arrow/columns.ts';
import { dataTable } from '../../../../src/dataset/data-table.ts';
import { thinnedParquet } from '../../../../src/dataset/removal/thinned-parquet.ts';
import { ParquetShard } from '../../../../src/stages/sink/parquet-shard.ts';
import { resultsOf, unitOf } from '../../../support/sink-units.ts';

const stillClock = { nowMs: () => 0, wallMs: () => 1_700_000_001_000, timer: () => () => {} };

/** Rows 0 to 7 of a unit, or those of them that are named, as the sink writes them. */
async function shard(rows: readonly number[], groupBytes?: number): Promise<Buffer> {
  const unit = unitOf({
    rows: 8,
    labels: [...'abcdefgh'],
    extra: [['score', float64Column([1, null, 3, 4, 5, 6, 7, 8])]],
  });
  const chunks: Uint8Array[] = [];
  const file = {
    write: async (written: readonly Uint8Array[]) => void chunks.push(...written.map((chunk) => Buffer.from(chunk))),
    close: async () => ({ name: 'x', bytes: 0, sha256: '' }),
  };
  const table = dataTable(unit.batch, (text) => text, 'image');
  const events = { onSettled: () => {}, onError: () => {} };
  const writer = new ParquetShard(
    file as never,
    { media: 'image', table, ...(groupBytes && { groupBytes }) },
    events as never,
    stillClock,
  );
  const results = resultsOf(unit);
  for (const row of rows) writer.add(results[row] as never, `s${row}`, 'png');
  await writer.close();
  return Buffer.concat(chunks);
}

/** Without samples `s<row>.png`, read in pieces of `size` bytes. */
function thinned(file: Buffer, gone: readonly number[], size = 1000): Promise<Buffer> {
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
  }
  return buffer(thinnedParquet(pieces, (path) => gone.includes(Number(path.slice(1, -4)))));
}

function rowsOf(file: Buffer) {
  const rows = tableFromIPC(readParquet(file).intoIPCStream())
    .toArray()
    .map((row) => row.toJSON());
  return rows.map(({ image, label, score, row }) => [
    Buffer.from(image.bytes).toString(),
    image.path,
    label,
    score,
    Number(row),
  ]);
}

const ALL = [0, 1, 2, 3, 4, 5, 6, 7];

describe('a parquet file without some of its samples', () => {
  it('is the one that would have been written without them, byte by byte, whatever pieces it is read in', async () => {
    const whole = await shard(ALL);
    for (const size of [7, 1000, 1_000_000])
      expect(await thinned(whole, [0, 3, 7], size)).toEqual(await shard([1, 2, 4, 5, 6]));
    expect((await thinned(whole, [])).equals(whole)).toBe(true);
  });

  it('has the rows that stay in each of its row groups, and none of a group that is gone', async () => {
    const whole = await shard(ALL, 30);
    const file = await thinned(whole, [1, 3, 4, 5]);
    expect(rowsOf(file)).toEqual(rowsOf(await shard([0, 2, 6, 7])));
    expect(rowsOf(file)).toHaveLength(4);
    // What came of it can be thinned out again.
    expect(rowsOf(await thinned(file, [0, 6]))).toEqual(rowsOf(await shard([2, 7])));
    expect(file.includes('image 4')).toBe(false);
  });

  it('has no rows when nothing stays, and stays without when it had none', async () => {
    const none = await thinned(await shard(ALL), ALL);
    expect(rowsOf(none)).toEqual([]);
    expect((await thinned(await shard([]), [])).equals(await shard([]))).toBe(true);
  });

  it('is none of a file that is cut, or is none of ours', async () => {
    const whole = await shard(ALL);
    await expect(thinned(whole.subarray(0, 300), [0])).rejects.toThrow(RangeError);
    await expect(thinned(Buffer.alloc(900, 'z'), [0])).rejects.toThrow(TypeError);
  });
});
