import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { JobMark } from '../../../src/destination/destination.ts';
import { scp } from '../../../src/destination/tool/scp.ts';
import { ToolDestination } from '../../../src/destination/tool/tool-destination.ts';
import { uploadMark } from '../../../src/job/upload-mark.ts';
import type { UnitRecord } from '../../../src/record.ts';
import { recordedTools } from '../../support/recorded-tools.ts';
import { tempFolder } from '../../support/temp-folder.ts';

async function setUp() {
  const folder = await tempFolder();
  const tools = await recordedTools(folder);
  vi.stubEnv('PATH', tools.env.PATH);
  const said: string[] = [];
  const job = (name: string) =>
    new ToolDestination(join(folder, name), scp('box:birds'), {
      timeoutMs: 60_000,
      onSetback: (line) => said.push(line),
    });
  return { remote: join(tools.store, 'birds'), job, said };
}

const begins = (mark: JobMark, replaces = false) => ({ isNew: true, replaces, mark });
async function* none(): AsyncGenerator<UnitRecord> {}
const ANOTHER = /box:birds: another job works there, process \d+ on host/;

describe('two jobs with one place of an upload program', () => {
  it('see each other: the second is refused, and goes on when the first has left', async () => {
    const { remote, job } = await setUp();
    const [a, b] = [job('a'), job('b')];
    await a.reach(begins(uploadMark('job-a', false)));
    expect(await readdir(remote)).toEqual(['.job-a.flow-dc-job']);
    await expect(b.reach(begins(uploadMark('job-b', false)))).rejects.toMatchObject({
      code: 'FDC_ERR_DEST_FOREIGN',
      message: expect.stringMatching(ANOTHER),
    });
    expect(await readdir(remote)).toEqual(['.job-a.flow-dc-job']);
    await a.leave('job-a');
    await b.reach(begins(uploadMark('job-b', false)));
    expect(await readdir(remote)).toEqual(['.job-b.flow-dc-job']);
  });

  it('that began at the same moment see each other before either is finished', async () => {
    const { remote, job } = await setUp();
    const a = job('a');
    await a.reach(begins(uploadMark('job-a', false)));
    await a.assertOwn(none());
    await writeFile(join(remote, '.job-b.flow-dc-job'), uploadMark('job-b', false).content);
    await expect(a.assertOwn(none())).rejects.toThrow(ANOTHER);
  });

  it('of which one was killed: its marker is taken away with a word, but not that of a job with workers', async () => {
    const { remote, job, said } = await setUp();
    const { content } = uploadMark('job-a', false);
    const dead = { ...(JSON.parse(content) as object), pid: 2 ** 22 - 1, processStart: 'x' };
    const at = join(remote, '.job-a.flow-dc-job');
    const b = job('b');
    await b.reach({ isNew: true, replaces: false });
    await writeFile(at, JSON.stringify({ ...dead, goesOn: true }));
    await expect(job('c').reach(begins(uploadMark('job-c', false)))).rejects.toThrow(/with workers, submitted by/);
    await writeFile(at, JSON.stringify(dead));
    await job('c').reach(begins(uploadMark('job-c', false)));
    expect(said.join()).toMatch(/process 4194303 on host .* is gone; its marker .job-a.flow-dc-job is removed/);
    expect(await readdir(remote)).toEqual(['.job-c.flow-dc-job']);
    await job('d').reach(begins(uploadMark('job-d', false), true));
    expect(await readdir(remote)).toEqual(['.job-d.flow-dc-job']);
  });

  it('is not finished when one of its shards has gone since', async () => {
    const { remote, job } = await setUp();
    const a = job('a');
    const attempt = { unit: '000000-0a0b0c0d', token: 'aa' };
    const staging = await a.stage(attempt.unit, attempt.token);
    const file = await staging.createFile('000000.tar');
    await file.write([Buffer.from('shard')]);
    const artifacts = [await file.close()];
    await staging.sync();
    const counts = { rows: 1, stored: 1, failed: 0, skipped: 0, bytes: 5, errors: {}, worker: 'w', committedAtMs: 0 };
    const record = { ...attempt, ...counts, artifacts };
    await a.rollForward(record);
    const records = async function* (): AsyncGenerator<UnitRecord> {
      yield record;
    };
    await a.assertOwn(records());
    await rm(join(remote, '000000.tar'));
    await expect(a.assertOwn(records())).rejects.toThrow(/000000\.tar was uploaded and is not there any more/);
  });
});
