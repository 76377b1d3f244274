import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { findVersitygw } from '../../scripts/versitygw-binary.ts';
import { manyThreads, rowsByThread } from '../support/many-threads.ts';
import { describeS3 } from '../support/s3-gateway.ts';
import { leftIn, type StoreJobs, storeJobs } from '../support/store-jobs.ts';

const kinds = [
  ['versitygw', findVersitygw() === undefined],
  ['s3rver', false],
] as const;

describe.for(kinds)('flow-dc download -o s3:// into %s', ([kind, isMissing]) => {
  it.skipIf(isMissing)('stores what a local run stores, whole and sealed, and leaves nothing else behind', async () => {
    const jobs = await storeJobs(kind);
    const { code, stderr } = await jobs.run(jobs.args('s3://bucket/data/set'));
    expect(stderr).toContain('output: s3://bucket/data/set');
    expect(code, stderr).toBe(0);
    expect(await jobs.rowsBelow('data/set')).toEqual(await jobs.rowsOfLocalRun());
    const keys = await jobs.keysBelow('data/set');
    expect(keys).toEqual(expect.arrayContaining(['000000.tar', '000005.tar', '_SUCCESS', 'SHA256SUMS', 'README.md']));
    expect(keys.filter((key) => key.startsWith('.flow-dc/') && !key.includes('units/')).sort()).toEqual([
      ...['.flow-dc/job.json', '.flow-dc/timeline.jsonl'],
    ]);
    expect(await jobs.gateway.openUploads()).toEqual([]);
    expect(await leftIn((await jobs.machine('here')).tmp)).toEqual([]);
    const card = (await jobs.gateway.read('data/set/README.md')).toString();
    expect(card).toContain('pipe:aws s3 cp s3://bucket/data/set/{000000..000005}.tar -');

    const again = await jobs.run(jobs.args('s3://bucket/data/set'));
    expect(again.stderr).toContain('nothing to do');
    expect(again.code).toBe(0);
  });

  it.skipIf(isMissing)('goes on from another machine with nothing but the URL after a SIGKILL', async () => {
    const jobs = await storeJobs(kind, 600, 40);
    const first = await jobs.start(jobs.args('s3://bucket/set', '--open-units', '2'));
    await vi.waitFor(async () => expect(await recordsOf(jobs)).toBeGreaterThan(1), { timeout: 30_000, interval: 50 });
    first.child.kill('SIGKILL');
    await first.done;
    const resumed = await jobs.run(['resume', 's3://bucket/set'], 'there');
    expect(resumed.stderr).toContain('are settled already');
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(await jobs.rowsBelow('set')).toEqual(await jobs.rowsOfLocalRun());
    if (kind === 'versitygw') expect(await jobs.gateway.openUploads()).toEqual([]);
    expect(await leftIn((await jobs.machine('there')).tmp)).toEqual([]);
    expect((await jobs.run(['verify', 's3://bucket/set'], 'there')).stdout).toBe('');
  });
});

describeS3('flow-dc download -o s3://', () => {
  it('with three threads stores what one stores', async () => {
    const jobs = await storeJobs('versitygw', 1500);
    const words = jobs.args('s3://bucket/set', '--threads', '3', '--open-units', '2');
    const { code, stderr } = await jobs.run(words, 'here', { env: manyThreads() });
    expect(code, stderr).toBe(0);
    expect(rowsByThread(stderr)).toHaveLength(2);
    expect(await jobs.rowsBelow('set')).toEqual(await jobs.rowsOfLocalRun());
    expect(await jobs.gateway.openUploads()).toEqual([]);
    expect(await leftIn((await jobs.machine('here')).tmp)).toEqual([]);
  });

  it('keeps loose files in folders per label, and the job beside them', async () => {
    const jobs = await storeJobs('versitygw', 200);
    const { code, stderr } = await jobs.run(jobs.args('s3://bucket/set', '--no-create-tar'));
    expect(code, stderr).toBe(0);
    const keys = await jobs.keysBelow('set');
    expect(keys).toContain('metadata.parquet');
    expect(keys.filter((key) => /^l[0-6]\/\d+\.\w+$/.test(key))).toHaveLength(keys.length - 1);
    expect(await jobs.keysBelow('set.flow-dc')).toEqual(
      expect.arrayContaining(['000000.files', '_SUCCESS', 'job.json']),
    );
    expect(await jobs.gateway.openUploads()).toEqual([]);
  });

  it('finishes what is open at the first signal, drops it at the second, and leaves no upload open either way', async () => {
    const jobs = await storeJobs('versitygw', 1200, 60);
    const signals = [
      ['SIGINT', 1, 130],
      ['SIGTERM', 2, 143],
    ] as const;
    for (const [signal, times, code] of signals) {
      const run = await jobs.start(jobs.args('s3://bucket/set', '--open-units', '2'));
      const uploading = async (): Promise<void> => expect(await jobs.gateway.openUploads()).not.toEqual([]);
      await vi.waitFor(uploading, { timeout: 30_000, interval: 50 });
      for (let sent = 0; sent < times; sent += 1) {
        run.child.kill(signal);
        await wait(100);
      }
      const { code: ended, stderr } = await run.done;
      expect(ended, stderr).toBe(code);
      expect(await jobs.gateway.openUploads()).toEqual([]);
      expect(await leftIn((await jobs.machine('here')).tmp)).toEqual([]);
      expect(await jobs.keysBelow('set')).not.toContain('.flow-dc/lock');
    }
    expect((await jobs.run(['resume', 's3://bucket/set'], 'there')).code).toBe(0);
    expect(await jobs.rowsBelow('set')).toEqual(await jobs.rowsOfLocalRun());
  });

  it('is refused beside objects of others, with other settings, and while another process writes', async () => {
    const jobs = await storeJobs('versitygw', 400, 40);
    await jobs.gateway.put('other/notes.txt', 'mine');
    const foreign = await jobs.run(jobs.args('s3://bucket/other'));
    expect(foreign).toMatchObject({ code: 2, stderr: expect.stringContaining('FDC_ERR_DEST_FOREIGN') });
    expect(foreign.stderr).toContain('s3://bucket/other holds notes.txt and no flow-dc job');
    const first = await jobs.start(jobs.args('s3://bucket/set'));
    await vi.waitFor(() => expect(first.stderr()).toContain('limits:'), { timeout: 60_000 });
    const locked = await jobs.run(jobs.args('s3://bucket/set'), 'there');
    expect(locked).toMatchObject({ code: 2, stderr: expect.stringContaining('FDC_ERR_JOB_LOCKED') });
    expect((await first.done).code).toBe(0);
    const other = await jobs.run(jobs.args('s3://bucket/set', '--shard-size', '50'));
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('shard_size was 100, is now 50') });
    expect(await leftIn((await jobs.machine('there')).tmp)).toEqual([]);
  });

  it('ends with one line when another process has taken the job over, and disturbs it no more', async () => {
    const jobs = await storeJobs('versitygw', 3000, 400);
    const run = await jobs.start(jobs.args('s3://bucket/set', '--per-host-concurrency', '1'));
    await vi.waitFor(() => expect(run.stderr()).toContain('limits:'), { timeout: 60_000 });
    const other = JSON.stringify({ pid: 7, hostname: 'elsewhere', startedAtMs: 0, nonce: 'other' });
    await jobs.gateway.put('set/.flow-dc/lock', other);
    const { code, stderr } = await run.done;
    expect(code).toBe(2);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
      /process 7 on host elsewhere .* has taken this job over.*FDC_ERR_JOB_LOCKED/,
    );
    expect((await jobs.gateway.read('set/.flow-dc/lock')).toString()).toBe(other);
    expect(await leftIn((await jobs.machine('here')).tmp)).toEqual([]);
  });

  it('begins anew with --overwrite, and leaves alone what no record names', async () => {
    const jobs = await storeJobs('versitygw', 300);
    expect((await jobs.run(jobs.args('s3://bucket/set'))).code).toBe(0);
    await jobs.gateway.put('set/000009.tar', 'mine');
    const { code, stderr } = await jobs.run(
      jobs.args('s3://bucket/set', '--shard-size', '150', '--overwrite'),
      'there',
    );
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('left alone in s3://bucket/set, because no record names them: 000009.tar');
    const keys = await jobs.keysBelow('set');
    expect(keys.filter((key) => key.endsWith('.tar'))).toEqual(['000000.tar', '000001.tar', '000009.tar']);
    expect(keys.filter((key) => key.startsWith('.flow-dc/units/'))).toHaveLength(2);
  });

  it('remembers what was piped, for a resume elsewhere without the pipe', async () => {
    const jobs = await storeJobs('versitygw', 500, 40);
    const words = jobs.args('s3://bucket/set', '--open-units', '1');
    words[1] = '-';
    const first = await jobs.start([...words, '--queue-units', '100'], 'here', { stdin: jobs.csv });
    const kept = async (): Promise<void> => expect(await jobs.keysBelow('set')).toContain('.flow-dc/stdin/whole.json');
    await vi.waitFor(kept, { timeout: 30_000, interval: 50 });
    first.child.kill('SIGKILL');
    await first.done;
    const resumed = await jobs.run(['resume', 's3://bucket/set'], 'there');
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(await jobs.rowsBelow('set')).toEqual(await jobs.rowsOfLocalRun());
    const changed = await jobs.run(words, 'here', { stdin: jobs.csv.replace('/p/7.jpg', '/p/x.jpg') });
    expect(changed).toMatchObject({ code: 2, stderr: expect.stringContaining('FDC_ERR_JOB_MISMATCH') });
  });
});

async function recordsOf(jobs: StoreJobs): Promise<number> {
  return (await jobs.keysBelow('set')).filter((key) => key.startsWith('.flow-dc/units/')).length;
}
