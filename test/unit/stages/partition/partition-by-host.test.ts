import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import type { RecordBatch } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rawBytes } from '../../../../src/arrow/batch-bytes.ts';
import { utf8Column } from '../../../../src/arrow/columns.ts';
import { takeRows } from '../../../../src/arrow/take.ts';
import { hostOf } from '../../../../src/host/host.ts';
import type { Unit } from '../../../../src/record.ts';
import { ROW_COLUMN } from '../../../../src/record.ts';
import { type PartitionByHostOptions, partitionByHost } from '../../../../src/stages/partition/partition-by-host.ts';
import { decodeRows } from '../../../../src/unit-rows.ts';
import { manifestBatch } from '../../../support/manifests.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

async function cut(batches: RecordBatch[], options: PartitionByHostOptions = {}): Promise<Unit[]> {
  const units: Unit[] = [];
  await pipeline(Readable.from(batches), partitionByHost(options), async (source: AsyncIterable<Unit>) => {
    for await (const unit of source) units.push(unit);
  });
  return units;
}

/** The same rows in batches of other sizes. */
function rebatch(batch: RecordBatch, sizes: readonly number[]): RecordBatch[] {
  const parts: RecordBatch[] = [];
  for (let from = 0, i = 0; from < batch.numRows; i++) {
    const to = Math.min(batch.numRows, from + (sizes[i % sizes.length] ?? 1));
    parts.push(batch.slice(from, to));
    from = to;
  }
  return parts;
}

function urlsOn(hosts: readonly (readonly [string, number])[]): string[] {
  return hosts.flatMap(([host, rows]) => Array.from({ length: rows }, (_, i) => `https://${host}/${i}.jpg`));
}

const hostName = fc.constantFrom('a.example.org', 'b.example.org', 'c.example.org:8080', 'd.example.org');
const url = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(hostName, fc.nat(999)).map(([host, n]) => `https://${host}/${n}.jpg`) },
  { weight: 1, arbitrary: fc.constantFrom(null, '', 'no url', 'ftp://a.example.org/x', 'HTTPS://A.Example.org/x') },
);

describe('partitionByHost', () => {
  it('puts every row into exactly one unit of at most shard_size rows, and cuts the same units from other batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(url, { minLength: 1, maxLength: 400 }),
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }),
        fc.nat(400),
        fc.boolean(),
        async (urls, shardSize, sizes, alike, mix) => {
          // A column may have the same text in all rows, or just in many.
          const notes = urls.map((_, row) => (row < alike ? 'x' : 'xx'));
          const whole = manifestBatch(urls, 0, [['note', utf8Column(notes)]]);
          const units = await cut([whole], { shardSize, mix });
          const rows = units.flatMap((unit) => decodeRows(unit));
          const noted = units.flatMap((unit) => [...(unit.rows.getChild('note') ?? [])]);
          expect(noted).toEqual(rows.map((row) => notes[row.row]));
          expect(rows.map((row) => row.row).sort((a, b) => a - b)).toEqual(urls.map((_, i) => i));
          expect(rows.every((row) => row.url === (urls[row.row] ?? ''))).toBe(true);
          for (const unit of units) {
            expect(unit.rows.numRows).toBeLessThanOrEqual(shardSize);
            const counts = new Map<string, number>();
            for (const row of decodeRows(unit)) counts.set(hostOf(row.url), (counts.get(hostOf(row.url)) ?? 0) + 1);
            expect(unit.hosts).toEqual([...counts].map(([host, n]) => ({ host, rows: n })));
          }
          const again = await cut(rebatch(whole, sizes), { shardSize, mix });
          expect(again.map(({ id, hosts }) => ({ id, hosts }))).toEqual(units.map(({ id, hosts }) => ({ id, hosts })));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps a host with fewer rows than a shard whole', async () => {
    const hosts = Array.from({ length: 50 }, (_, i): [string, number] => [`h${i}.example.org`, 1 + ((i * 7) % 40)]);
    const units = await cut([manifestBatch(urlsOn(hosts))], { shardSize: 60 });
    const unitsOf = new Map<string, number>();
    for (const { host } of units.flatMap((unit) => unit.hosts)) unitsOf.set(host, (unitsOf.get(host) ?? 0) + 1);
    expect([...unitsOf.values()].every((count) => count === 1)).toBe(true);
    expect(unitsOf.size).toBe(50);
  });

  it('gives a large host units of its own, packs its remainder with the small ones, and lets hosts alternate', async () => {
    const units = await cut(
      [
        manifestBatch(
          urlsOn([
            ['big.example.org', 420],
            ['large.example.org', 200],
            ['small.example.org', 30],
          ]),
        ),
      ],
      { shardSize: 100 },
    );
    expect(units.map((unit) => unit.hosts.map(({ host, rows }) => `${host.split('.')[0]} ${rows}`).join(', '))).toEqual(
      ['big 100', 'large 100', 'big 100', 'big 20, small 30', 'big 100', 'large 100', 'big 100'],
    );
  });

  it('mixes hosts when asked to: evenly, in shards of one size, in the same way for the same seed', async () => {
    const hosts: [string, number][] = [
      ['big.example.org', 5000],
      ['large.example.org', 4000],
      ['small.example.org', 1030],
    ];
    const rows = [manifestBatch(urlsOn(hosts))];
    const units = await cut(rows, { shardSize: 1000, mix: true });
    expect(units.map((unit) => unit.rows.numRows).every((count) => count === 911 || count === 912)).toBe(true);
    for (const unit of units) {
      const counts = new Map(unit.hosts.map(({ host, rows }) => [host.split('.')[0], rows]));
      expect(counts.get('big')).toBeGreaterThan(380);
      expect(counts.get('large')).toBeGreaterThan(290);
      expect(counts.get('small')).toBeGreaterThan(55);
      const first = decodeRows(unit).slice(0, 60);
      expect(new Set(first.map(({ url }) => hostOf(url))).size).toBe(3);
    }
    const ids = (cut: Unit[]): string[] => cut.map(({ id }) => id);
    expect(ids(await cut(rows, { shardSize: 1000, mix: true, mixSeed: 0 }))).toEqual(ids(units));
    const other = ids(await cut(rows, { shardSize: 1000, mix: true, mixSeed: 1 }));
    expect(other.filter((id) => ids(units).includes(id))).toEqual([]);
  });

  it('cuts large shards out of large windows from the first one on', async () => {
    const units = await cut([manifestBatch(urlsOn([['a.example.org', 45_000]]))], { shardSize: 20_000 });
    expect(units.map((unit) => unit.rows.numRows).sort((a, b) => b - a)).toEqual([20_000, 20_000, 5000]);
  });

  it('keeps the hosts of a registrable domain together when asked to, and still lists them one by one', async () => {
    const hosts: [string, number][] = [
      ['a.example.co.uk', 6],
      ['10.0.0.1', 7],
      ['b.example.co.uk', 6],
      ['x.internal', 7],
    ];
    const units = await cut([manifestBatch(urlsOn(hosts))], { shardSize: 12, groupBy: 'registrable-domain' });
    expect(units.map((unit) => unit.hosts)).toEqual([
      [{ host: '10.0.0.1', rows: 7 }],
      [
        { host: 'a.example.co.uk', rows: 6 },
        { host: 'b.example.co.uk', rows: 6 },
      ],
      [{ host: 'x.internal', rows: 7 }],
    ]);
  });

  it('names units by index and content', async () => {
    const urls = urlsOn([['a.example.org', 5]]);
    const [unit] = await cut([manifestBatch(urls)]);
    const [moved] = await cut([manifestBatch(urls, 5)]);
    const [other] = await cut([manifestBatch(urls.with(0, 'https://a.example.org/x.jpg'))]);
    // Jobs are resumed by later releases: the same rows must keep their id.
    expect(unit?.id).toBe('000000-16199a0e');
    const [alike] = await cut([manifestBatch(urls.map(() => 'https://a.example.org/0.jpg'))]);
    expect(alike?.id).toBe('000000-13cb0ef3');
    expect(unit?.shard).toBe('000000');
    expect(new Set([unit?.id, moved?.id, other?.id]).size).toBe(3);
  });

  it('puts objects of a store under their bucket, and keeps a bucket whole', async () => {
    const urls = Array.from({ length: 40 }, (_, i) => `${['s3://one/', 'S3://two/', 'gs://one/'][i % 3]}${i}.jpg`);
    const units = await cut([manifestBatch(urls)], { shardSize: 14 });
    const hosts = units.map((unit) => unit.hosts.map(({ host, rows }) => `${host} ${rows}`).join());
    expect(hosts.sort()).toEqual(['gs://one 13', 's3://one 14', 's3://two 13']);
  });

  it('puts rows without a fetchable URL under the pseudo-host !invalid', async () => {
    const [unit] = await cut([manifestBatch([null, 'https://a.example.org/1', 'nonsense', 'ftp://a.example.org/'])]);
    expect(unit?.hosts).toEqual([
      { host: '!invalid', rows: 3 },
      { host: 'a.example.org', rows: 1 },
    ]);
  });

  it('closes windows after 2,000, 4,000, 8,000 … rows', async () => {
    const batches = Array.from({ length: 5 }, (_, i) => manifestBatch(urlsOn([['a.example.org', 4000]]), i * 4000));
    const units = await cut(batches, { shardSize: 10_000 });
    expect(units.map((unit) => unit.rows.numRows)).toEqual([2000, 4000, 8000, 6000]);
  });

  it('closes a window before 64 MiB of rows, wherever batches end', async () => {
    const captions = utf8Column(Array.from({ length: 300 }, (_, i) => 'x'.repeat(300_000 + ((i * 7919) % 200_000))));
    const batch = manifestBatch(urlsOn([['a.example.org', 300]]), 0, [['caption', captions]]);
    const units = await cut([batch]);
    const again = await cut(rebatch(batch, [1]));
    expect(units).toHaveLength(2);
    expect(rawBytes(units[0]?.rows as RecordBatch)).toBeLessThanOrEqual(64 * 1024 * 1024);
    expect(rawBytes(units[0]?.rows as RecordBatch)).toBeGreaterThan(63 * 1024 * 1024);
    expect(again.map((unit) => unit.id)).toEqual(units.map((unit) => unit.id));
  });

  it('holds at most one window while nobody reads', async () => {
    const stage = partitionByHost({ shardSize: 100 });
    let written = 0;
    const source = Readable.from(
      (function* () {
        for (; written < 1000; written++) yield manifestBatch(urlsOn([['a.example.org', 1000]]), written * 1000);
      })(),
      { highWaterMark: 1 },
    );
    source.pipe(stage);
    for (let turn = 0; turn < 50; turn++) await setImmediate();
    expect(written).toBeLessThan(8);
    expect(stage.stats().units).toBeLessThan(4);
    source.destroy();
    stage.destroy();
  });

  it('closes a window after a quiet time when asked to, and not before', async () => {
    const clock = new VirtualClock();
    const stage = partitionByHost({ lingerMs: 1000, clock });
    const units: Unit[] = [];
    stage.on('data', (unit: Unit) => units.push(unit));
    const write = async (batch: RecordBatch) => {
      stage.write(batch);
      await setImmediate();
    };
    await write(manifestBatch(urlsOn([['a.example.org', 3]])));
    await clock.advance(900);
    await write(manifestBatch(urlsOn([['a.example.org', 2]]), 3));
    await clock.advance(900);
    expect(units).toEqual([]);
    await clock.advance(100);
    expect(units.map((unit) => unit.rows.numRows)).toEqual([5]);
    await write(manifestBatch(urlsOn([['a.example.org', 1]]), 5));
    stage.end();
    await finished(stage);
    expect(units.map((unit) => unit.rows.numRows)).toEqual([5, 1]);
    expect(clock.pending).toBe(0);
  });

  it('leaves no timer behind when it is destroyed', async () => {
    const clock = new VirtualClock();
    const stage = partitionByHost({ lingerMs: 1000, clock });
    stage.write(manifestBatch(urlsOn([['a.example.org', 3]])));
    await setImmediate();
    expect(clock.pending).toBe(1);
    stage.destroy();
    expect(clock.pending).toBe(0);
  });

  it('stops when the signal aborts', async () => {
    const controller = new AbortController();
    const stage = partitionByHost({ signal: controller.signal });
    const ended = finished(stage);
    controller.abort();
    await expect(ended).rejects.toThrow(/abort/i);
  });

  it('refuses batches that no manifest reader made', async () => {
    const plain = takeRows([manifestBatch(['https://a.example.org/1'])], { batches: [0], rows: [0] });
    plain.schema.metadata.clear();
    await expect(cut([plain])).rejects.toMatchObject({ code: 'FDC_ERR_SINK_PROTOCOL' });
  });

  it('refuses a wrong option when it is built', () => {
    expect(() => partitionByHost({ shardSize: 0 })).toThrow(/shardSize/);
    expect(() => partitionByHost({ lingerMs: -1 })).toThrow(/lingerMs/);
  });

  it('hands every column on', async () => {
    const [unit] = await cut([manifestBatch(['https://a.example.org/1'], 3, [['note', utf8Column(['ü'])]])]);
    expect(unit?.rows.schema.names.slice(3)).toEqual(['url', 'note']);
    expect(unit?.rows.getChild('note')?.get(0)).toBe('ü');
    expect(unit?.rows.getChild(ROW_COLUMN)?.get(0)).toBe(3);
  });
});
