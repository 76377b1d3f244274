import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderPaths } from '../../../src/destination/folder-layout.ts';
import { readMark, removeMark, writeMark } from '../../../src/job/distributed-mark.ts';
import { openJob } from '../../../src/job/job-folder.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { identity } from './fixtures/identity.ts';

const MARK = { job: 'photos', servers: ['nats://manager:4222'], own: false };

async function markedFolder(): Promise<string> {
  const out = join(await tempFolder(), 'out');
  const job = await openJob(out, identity);
  await writeMark(job.paths, MARK);
  await job.close();
  return out;
}

describe('a folder that workers write to', () => {
  it('is refused to everybody else, naming job, server and the ways out, also with --overwrite', async () => {
    const out = await markedFolder();
    const message = expect.stringMatching(/job photos on nats:\/\/manager:4222.*flow-dc cancel photos.*--take-over/);
    await expect(openJob(out, identity)).rejects.toMatchObject({ code: 'FDC_ERR_JOB_DISTRIBUTED', message });
    await expect(openJob(out, identity, { overwrite: true })).rejects.toMatchObject({
      code: 'FDC_ERR_JOB_DISTRIBUTED',
    });
    await expect(openJob(out, identity, { overwrite: true, distributed: 'open' })).rejects.toMatchObject({
      code: 'FDC_ERR_JOB_DISTRIBUTED',
    });
    await expect(openJob(out, { ...identity, createTar: false }, { overwrite: true })).rejects.toMatchObject({
      code: 'FDC_ERR_JOB_DISTRIBUTED',
    });
  });

  it('is open to its submitter, and free after a take-over', async () => {
    const out = await markedFolder();
    await (await openJob(out, identity, { distributed: 'open' })).close();
    const taken = await openJob(out, identity, { distributed: 'take-over' });
    expect(await readMark(taken.paths)).toBeUndefined();
    await taken.close();
    await (await openJob(out, identity)).close();
  });

  it('stays refused when its mark is damaged', async () => {
    const paths = folderPaths(await tempFolder(), 'shards');
    await mkdir(paths.state);
    await writeMark(paths, MARK);
    expect(await readMark(paths)).toEqual(MARK);
    await writeFile(join(paths.state, 'distributed.json'), '{');
    await expect(readMark(paths)).rejects.toMatchObject({ code: 'FDC_ERR_DEST_IO' });
    await removeMark(paths);
    await removeMark(paths);
    expect(await readMark(paths)).toBeUndefined();
  });
});
