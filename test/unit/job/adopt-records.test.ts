import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FolderLayout, folderPaths } from '../../../src/destination/folder-layout.ts';
import { adoptFromStats, adoptRecords } from '../../../src/job/adopt-records.ts';
import { createLocalCommitter } from '../../../src/job/local-committer.ts';
import type { UnitRecord } from '../../../src/record.ts';
import { makeUnit, makeUnits, recordOf } from '../../support/units.ts';

let root: string;
let out: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flow-dc-adopt-'));
  out = join(root, 'out');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

/** A rolled-forward unit whose record is gone: its artifact and its stats file. */
async function storeUnit(index: number, layout: FolderLayout): Promise<UnitRecord> {
  const unit = makeUnits(index + 1)[index];
  if (unit === undefined) throw new Error('no unit');
  const folder = layout === 'shards' ? out : folderPaths(out, layout).state;
  await mkdir(folder, { recursive: true });
  const name = layout === 'shards' ? `${unit.shard}.tar` : `${unit.shard}.files`;
  await writeFile(join(folder, name), 'some bytes');
  const record = recordOf(unit, { artifacts: [{ name, bytes: 10, sha256: sha256('some bytes') }] });
  await writeFile(join(folder, `${unit.shard}.stats.json`), JSON.stringify({ rows: 2, record }));
  return record;
}

describe.for(['shards', 'files'] as const)('adoptFromStats of an output of %s', (layout) => {
  it('makes lost records again, with the stats file as it is', async () => {
    const record = await storeUnit(0, layout);
    const paths = folderPaths(out, layout);
    expect(await adoptFromStats(paths)).toEqual({ adopted: 1, refused: [] });
    const stats = await readFile(join(layout === 'shards' ? out : paths.state, '000000.stats.json'));
    const self = { name: '000000.stats.json', bytes: stats.length, sha256: sha256(stats) };
    expect(await createLocalCommitter(paths.state).record(record.unit)).toEqual({
      ...record,
      artifacts: [...record.artifacts, self],
    });
  });

  it('leaves records alone that are there', async () => {
    const record = await storeUnit(0, layout);
    const committer = createLocalCommitter(folderPaths(out, layout).state);
    const kept = { ...record, token: 'the-decided-one' };
    await committer.commit(kept);
    expect(await adoptFromStats(folderPaths(out, layout))).toEqual({ adopted: 0, refused: [] });
    expect(await committer.record(record.unit)).toEqual(kept);
  });
});

describe('adoptFromStats', () => {
  it('adds no second record for a shard, when its stats file is of another cut of the input', async () => {
    await storeUnit(0, 'shards');
    const committer = createLocalCommitter(folderPaths(out, 'shards').state);
    await committer.commit(recordOf(makeUnit([{ url: 'https://h.example/other.jpg' }])));
    expect(await adoptFromStats(folderPaths(out, 'shards'))).toEqual({ adopted: 0, refused: [] });
    expect(await committer.count()).toBe(1);
  });

  it('does not vouch for a shard that is missing or cut short', async () => {
    await storeUnit(0, 'shards');
    await storeUnit(1, 'shards');
    await writeFile(join(out, '000000.tar'), 'short');
    await rm(join(out, '000001.tar'));
    const { adopted, refused } = await adoptFromStats(folderPaths(out, 'shards'));
    expect(adopted).toBe(0);
    expect(refused.map(({ reason }) => reason)).toEqual([
      '000000.tar has 5 bytes, its record says 10',
      '000001.tar has no bytes, its record says 10',
    ]);
  });

  it.for([
    ['is not JSON', '{"record":', 'it is not JSON'],
    ['holds no record', '{"rows":2}', 'it holds no record'],
    ['is empty JSON', 'null', 'it holds no record'],
    ['holds something else', '{"record":7}', 'record must be object'],
  ] as const)('does not follow a stats file that %s', async ([, content, reason]) => {
    await mkdir(out, { recursive: true });
    await writeFile(join(out, '000000.stats.json'), content);
    expect(await adoptFromStats(folderPaths(out, 'shards'))).toEqual({
      adopted: 0,
      refused: [{ file: join(out, '000000.stats.json'), reason }],
    });
  });

  it('finds nothing in a folder that does not exist', async () => {
    expect(await adoptFromStats(folderPaths(join(root, 'none'), 'shards'))).toEqual({
      adopted: 0,
      refused: [],
    });
  });
});

describe('adoptRecords', () => {
  it('takes over what another committer decided, once', async () => {
    const committer = createLocalCommitter(folderPaths(out, 'shards').state);
    const records = makeUnits(3).map((unit) => recordOf(unit));
    expect(await adoptRecords(committer, records)).toBe(3);
    expect(await adoptRecords(committer, records)).toBe(0);
    expect(await committer.count()).toBe(3);
  });
});
