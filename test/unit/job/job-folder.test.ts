import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { folderPaths } from '../../../src/destination/folder-layout.ts';
import { formatListedFile } from '../../../src/destination/hashed-file.ts';
import type { JobIdentity } from '../../../src/job/identity.ts';
import { assertJobFolder, openJob, readJob } from '../../../src/job/job-folder.ts';
import { createLocalCommitter } from '../../../src/job/local-committer.ts';
import type { OpenJobOptions } from '../../../src/job/open-job.ts';
import type { UnitRecord } from '../../../src/record.ts';
import { makeUnits, recordOf } from '../../support/units.ts';
import { identity } from './fixtures/identity.ts';

let root: string;
let out: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'flow-dc-job-'));
  out = join(root, 'out');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const looseIdentity: JobIdentity = { ...identity, createTar: false, outputFormat: 'imagefolder' };

/** Open, and close again before anything else happens. */
async function visit(now: JobIdentity, options?: OpenJobOptions): ReturnType<typeof openJob> {
  const job = await openJob(out, now, options);
  await job.close();
  return job;
}

/** A committed and rolled-forward unit of a tar job. */
async function storeShard(index = 0): Promise<UnitRecord> {
  const unit = makeUnits(index + 1)[index];
  if (unit === undefined) throw new Error('no unit');
  const record = recordOf(unit);
  await writeFile(join(out, `${unit.shard}.tar`), 'tar');
  await createLocalCommitter(folderPaths(out, 'shards').state).commit(record);
  return record;
}

describe('openJob', () => {
  it('makes the folder and remembers identity and settings', async () => {
    const job = await visit(identity, { settings: { input: ['/data/a.parquet'], shard_size: 2000 } });
    expect(job).toMatchObject({
      resumed: false,
      out,
      paths: { layout: 'shards', state: join(out, '.flow-dc') },
      notices: [],
    });
    const read = await readJob(out);
    expect(read.identity).toEqual(identity);
    expect(read.settings).toEqual({ input: ['/data/a.parquet'], shard_size: 2000 });
    expect(read.id).toBe(job.id);
  });

  it('keeps the state of loose files beside the folder, which holds classes only', async () => {
    const job = await visit(looseIdentity);
    expect(job).toMatchObject({ paths: { layout: 'files', state: `${out}.flow-dc` } });
    expect(await readdir(out)).toEqual([]);
    expect((await readJob(out)).id).toBe(job.id);
  });

  it('opens the same job again, whatever else is in the folder', async () => {
    const before = await visit(identity, { settings: { concurrent_downloads: 10 } });
    await storeShard();
    await writeFile(join(out, 'notes.txt'), 'mine');
    const again = await visit(identity, { settings: { concurrent_downloads: 20 } });
    expect(again).toMatchObject({ id: before.id, createdAtMs: before.createdAtMs, resumed: true });
    expect((await readJob(out)).settings).toEqual({ concurrent_downloads: 20 });
  });

  it('keeps the settings when it is resumed without any', async () => {
    await visit(identity, { settings: { contact: 'a@b.example' } });
    await visit(identity);
    expect((await readJob(out)).settings).toEqual({ contact: 'a@b.example' });
  });

  it('locks the folder until it is closed', async () => {
    const job = await openJob(out, identity);
    await expect(openJob(out, identity)).rejects.toMatchObject({ code: 'FDC_ERR_JOB_LOCKED' });
    await expect(openJob(out, identity, { overwrite: true })).rejects.toMatchObject({ code: 'FDC_ERR_JOB_LOCKED' });
    await job[Symbol.asyncDispose]();
    await visit(identity);
  });

  it('goes on after a run that was killed at its very start', async () => {
    await mkdir(join(out, '.flow-dc'), { recursive: true });
    expect((await visit(identity)).resumed).toBe(false);
  });

  it('accepts an empty folder, a mount point too', async () => {
    await mkdir(join(out, 'lost+found'), { recursive: true });
    expect((await visit(identity)).resumed).toBe(false);
  });
});

describe('openJob refuses', () => {
  it.for([identity, looseIdentity])('a folder that holds something else, and writes nothing there', async (now) => {
    await mkdir(out);
    for (const name of ['a.txt', 'b.txt', 'c.txt', 'd.txt']) await writeFile(join(out, name), '');
    for (const overwrite of [false, true]) {
      const refused = expect(openJob(out, now, { overwrite })).rejects;
      await refused.toMatchObject({
        code: 'FDC_ERR_DEST_FOREIGN',
        message: expect.stringContaining('a.txt, b.txt, c.txt and 1 more'),
      });
    }
    expect(await readdir(root)).toEqual(['out']);
    expect(await readdir(out)).toHaveLength(4);
  });

  it('other settings, naming each one and the ways out', async () => {
    await visit(identity);
    const refused = expect(openJob(out, { ...identity, shardSize: 500, hash: false })).rejects;
    await refused.toMatchObject({
      code: 'FDC_ERR_JOB_MISMATCH',
      message: `${out} belongs to a job with other settings: shard_size was 2000, is now 500; hash was true, is now false; use the same settings, choose another output with -o, or replace it with --overwrite`,
    });
    await visit(identity);
  });

  it('the other layout on the same folder', async () => {
    await visit(identity);
    await expect(openJob(out, looseIdentity)).rejects.toMatchObject({
      code: 'FDC_ERR_JOB_MISMATCH',
      message: expect.stringContaining('create_tar'),
    });
    await visit(identity);
  });

  it('a file in place of the folder, and below a file', async () => {
    await writeFile(out, '');
    await expect(openJob(out, identity)).rejects.toMatchObject({
      code: 'FDC_ERR_DEST_UNWRITABLE',
      message: expect.stringContaining('is a file'),
    });
    await expect(openJob(join(out, 'deeper'), identity)).rejects.toMatchObject({ code: 'FDC_ERR_DEST_UNWRITABLE' });
  });

  it('a job of a later version', async () => {
    await visit(identity);
    const { jobFile } = folderPaths(out, 'shards');
    await writeFile(jobFile, (await readFile(jobFile, 'utf8')).replace('"formatVersion": 1', '"formatVersion": 9'));
    await expect(openJob(out, identity)).rejects.toMatchObject({
      code: 'FDC_ERR_JOB_MISMATCH',
      message: expect.stringContaining('format 9'),
    });
  });

  it.for(['', '{"id":', '{}', '[]', 'null'])('a job file that cannot be understood (%j)', async (content) => {
    await visit(identity);
    await writeFile(folderPaths(out, 'shards').jobFile, content);
    await expect(openJob(out, identity)).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
  });

  it('a state without its loose files, instead of taking them for stored', async () => {
    await visit(looseIdentity);
    await createLocalCommitter(`${out}.flow-dc`).commit(recordOf(makeUnits(1)[0] as never));
    await rm(out, { recursive: true });
    await expect(openJob(out, looseIdentity)).rejects.toMatchObject({ code: 'FDC_ERR_DEST_FOREIGN' });
    expect((await visit(looseIdentity, { overwrite: true })).resumed).toBe(false);
  });

  it('nothing of a run that was killed between its first commit and the move of its files', async () => {
    await visit(looseIdentity);
    const record = recordOf(makeUnits(1)[0] as never);
    await createLocalCommitter(`${out}.flow-dc`).commit(record);
    await mkdir(join(`${out}.flow-dc`, 'staging', `${record.unit}.${record.token}`), { recursive: true });
    expect((await visit(looseIdentity)).resumed).toBe(true);
  });

  it.runIf(process.getuid?.() !== 0)('a folder without write access', async () => {
    await chmod(root, 0o555);
    onTestFinished(() => chmod(root, 0o755));
    await expect(openJob(out, identity)).rejects.toMatchObject({ code: 'FDC_ERR_DEST_UNWRITABLE' });
  });

  it.runIf(process.platform === 'linux')('a place where folders cannot be made', async () => {
    await expect(openJob('/proc/nowhere/out', identity)).rejects.toMatchObject({ code: 'FDC_ERR_DEST_UNWRITABLE' });
  });
});

describe('openJob with overwrite', () => {
  it('deletes what the records name, and leaves the rest alone with a notice', async () => {
    const before = await visit(identity);
    await storeShard(0);
    await storeShard(1);
    for (const name of ['_SUCCESS', 'overview.json', 'notes.txt', '000002.tar']) await writeFile(join(out, name), '');
    const job = await visit({ ...identity, shardSize: 10 }, { overwrite: true });
    expect((await readdir(out)).sort()).toEqual(['.flow-dc', '000002.tar', 'notes.txt']);
    expect(job.notices).toEqual([`left alone in ${out}, because no record names them: 000002.tar, notes.txt`]);
    expect(job.resumed).toBe(false);
    expect(job.id).not.toBe(before.id);
    expect(await createLocalCommitter(job.paths.state).count()).toBe(0);
    expect(await readdir(job.paths.state)).toEqual(['job.json']);
  });

  it('makes a job where there is none yet', async () => {
    expect(await visit(identity, { overwrite: true })).toMatchObject({ resumed: false, notices: [] });
  });

  it('deletes listed loose files and the folders they leave empty', async () => {
    const { state } = (await visit(looseIdentity)).paths;
    await storeLoose(state, ['cat/1.jpg', 'dog/big/2.jpg']);
    await writeFile(join(out, 'cat', 'mine.jpg'), '');
    const job = await visit(looseIdentity, { overwrite: true });
    expect(await readdir(out, { recursive: true })).toEqual(['cat', 'cat/mine.jpg']);
    expect(job.notices).toHaveLength(1);
    expect(await readdir(state)).toEqual(['job.json']);
  });

  it('changes the layout and removes the state of the former one', async () => {
    const { state } = (await visit(looseIdentity)).paths;
    await storeLoose(state, ['cat/1.jpg']);
    expect(await visit(identity, { overwrite: true })).toMatchObject({ paths: { layout: 'shards' }, resumed: false });
    expect(await readdir(root)).toEqual(['out']);
    expect(await readdir(out)).toEqual(['.flow-dc']);
    await storeShard();
    await visit(looseIdentity, { overwrite: true });
    expect((await readdir(root)).sort()).toEqual(['out', 'out.flow-dc']);
    expect(await readdir(out)).toEqual([]);
  });

  it('finishes a deletion that was cut short, also when it is opened without overwrite', async () => {
    await visit(identity);
    await storeShard(0);
    await storeShard(1);
    await writeFile(folderPaths(out, 'shards').overwriteFile, '');
    await rm(join(out, '000000.tar'));
    expect((await visit({ ...identity, shardSize: 10 })).resumed).toBe(false);
    expect(await readdir(out)).toEqual(['.flow-dc']);
    expect((await visit({ ...identity, shardSize: 10 })).resumed).toBe(true);
  });

  it('never follows a record out of the folder', async () => {
    const { state } = (await visit(identity)).paths;
    await storeShard();
    await writeFile(join(root, 'precious'), '');
    const file = join(state, 'units', '000', `${makeUnits(1)[0]?.id}.json`);
    await writeFile(file, (await readFile(file, 'utf8')).replace('000000.tar', '../precious'));
    await expect(openJob(out, identity, { overwrite: true })).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
    expect(await readdir(root)).toContain('precious');
  });
});

describe('readJob and assertJobFolder', () => {
  it('say why there is no job: no such path, a file, a folder of something else', async () => {
    const file = join(root, 'a-file');
    await writeFile(file, '');
    await expect(readJob(join(root, 'misspelt'))).rejects.toThrow(/misspelt does not exist; name the folder/);
    await expect(readJob(file)).rejects.toThrow(/a-file is a file, expected the folder of a dataset; name/);
    await expect(readJob(root)).rejects.toThrow(/holds no flow-dc job; name the folder/);
  });

  it('say that there is no job', async () => {
    await expect(readJob(out)).rejects.toMatchObject({ code: 'FDC_ERR_JOB_MISSING' });
    await expect(assertJobFolder(root, 'x')).rejects.toMatchObject({ code: 'FDC_ERR_JOB_MISSING' });
  });

  it('tell the folder of one job from that of another', async () => {
    const job = await visit(identity);
    expect((await assertJobFolder(out, job.id)).identity).toEqual(identity);
    await expect(assertJobFolder(out, 'another')).rejects.toMatchObject({ code: 'FDC_ERR_JOB_MISMATCH' });
  });
});

/** A committed and rolled-forward unit of loose files. */
async function storeLoose(stateFolder: string, paths: readonly string[]): Promise<void> {
  const [unit] = makeUnits(1);
  if (unit === undefined) throw new Error('no unit');
  for (const path of paths) {
    await mkdir(join(out, path, '..'), { recursive: true });
    await writeFile(join(out, path), 'x');
  }
  const list = paths.map((path) => formatListedFile({ path, bytes: 1, sha256: 'a'.repeat(64) })).join('');
  await writeFile(join(stateFolder, '000000.files'), list);
  const artifacts = [{ name: '000000.files', bytes: list.length, sha256: 'a'.repeat(64) }];
  await createLocalCommitter(stateFolder).commit(recordOf(unit, { artifacts }));
}
