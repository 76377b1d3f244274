/** Shards as other people's programs read them: Python's tarfile and GNU tar. */
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { float64Column, utf8Column } from '../../../src/arrow/columns.ts';
import { tarSink } from '../../../src/stages/sink/tar-sink.ts';
import { resultsOf, type UnitShape, unitOf } from '../../support/sink-units.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const run = promisify(execFile);

function found(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.warn(`SKIPPED: ${command} is not installed, its view of the shards is not checked`);
    return false;
  }
}

/** Write one unit, every row fetched. Returns the path of its shard. */
async function writeShard(shape: UnitShape): Promise<string> {
  const folder = await tempFolder();
  await pipeline(Readable.from(resultsOf(unitOf(shape))), tarSink(folder));
  return join(folder, '000000.tar');
}

async function members(tar: string): Promise<Map<string, string>> {
  const script =
    'import tarfile,json,sys\nt=tarfile.open(sys.argv[1])\nprint(json.dumps([[m.name,t.extractfile(m).read().decode(),m.mtime,m.uid,m.mode] for m in t]))';
  const { stdout } = await run('python3', ['-c', script, tar]);
  const list = JSON.parse(stdout) as [string, string, number, number, number][];
  for (const [, , mtime, uid, mode] of list)
    expect([mtime, uid, mode]).toEqual([Date.UTC(2000, 0, 1) / 1000, 0, 0o644]);
  return new Map(list.map(([name, text]) => [name, text]));
}

describe.skipIf(!found('python3'))('a shard, read by Python,', () => {
  it('as webdataset has image, caption and metadata of a sample under one key', async () => {
    const extra = [
      ['score', float64Column([1.5, null])],
      ['key', utf8Column(['a', 'b'])],
    ] as const;
    const files = await members(await writeShard({ rows: 2, captions: ['Füße\tund 雪 ', null], extra }));
    expect([...files.keys()]).toEqual([
      '0000000000.jpg',
      '0000000000.txt',
      '0000000000.json',
      '0000000001.jpg',
      '0000000001.txt',
      '0000000001.json',
    ]);
    expect(files.get('0000000000.txt')).toBe('Füße\tund 雪 ');
    expect(files.get('0000000001.txt')).toBe('');
    const metadata = JSON.parse(files.get('0000000000.json') as string);
    expect(metadata).toMatchObject({
      key: '0000000000',
      caption: 'Füße\tund 雪 ',
      label: null,
      row: 0,
      width: 4,
      score: 1.5,
      manifest_key: 'a',
    });
    expect(Object.keys(JSON.parse(files.get('0000000001.json') as string))).toEqual(Object.keys(metadata));
  });

  it('as imagefolder has a folder per label, also for long and foreign ones, and the true extension', async () => {
    const labels = ['Danaus plexippus', '../..', null, '雪'.repeat(80), `${'x'.repeat(120)}/y`];
    const names = [...(await members(await writeShard({ rows: 5, labels }))).keys()];
    expect(names).toEqual([
      'Danaus plexippus/0000000000.png',
      '%2E.%2F%2E%2E/0000000001.png',
      'output/0000000002.png',
      `${'雪'.repeat(80)}/0000000003.png`,
      `${'x'.repeat(120)}%2Fy/0000000004.png`,
    ]);
  });
});

describe.skipIf(!found('tar'))('a shard, read by GNU tar,', () => {
  it('lists every member, also with long and foreign names', async () => {
    const shard = await writeShard({ rows: 3, labels: ['a', '雪'.repeat(80), 'y'.repeat(200)] });
    const { stdout } = await run('tar', ['--quoting-style=literal', '-tf', shard]);
    expect(stdout.trim().split('\n')).toEqual([
      'a/0000000000.png',
      `${'雪'.repeat(80)}/0000000001.png`,
      `${'y'.repeat(200)}/0000000002.png`,
    ]);
  });
});
