import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import {
  ACCESS_DENIED,
  type Fault,
  QUOTA_EXCEEDED,
  type Rule,
  SLOW_DOWN,
  STORAGE_FULL,
} from '../support/fault-proxy.ts';
import type { CliResult } from '../support/run-cli.ts';
import { describeS3 } from '../support/s3-gateway.ts';
import { canMount, smallDisk, takeSpace } from '../support/small-disk.ts';
import { localEssence, type StoreTrial, storeTrial } from '../support/store-trial.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** The run ended, and said why in one line that names what to do. */
function expectOneLine({ code, stderr }: CliResult, error: string, fix: RegExp): void {
  expect(code, stderr).toBe(error === 'FDC_ERR_DEST_UNWRITABLE' ? 2 : 1);
  expect(stderr).not.toContain('    at ');
  const said = stderr.split('\n').filter((line) => line.includes('FDC_ERR_'));
  expect(said, stderr).toHaveLength(1);
  expect(said[0]).toContain(error);
  expect(said[0]).toMatch(fix);
}

async function expectWhole(trial: StoreTrial): Promise<void> {
  expect(await trial.essence()).toEqual(await localEssence(trial));
  expect(await trial.run(['verify', trial.out])).toMatchObject({ code: 0, stdout: '' });
  await trial.expectClean();
}

describeS3('a download through a store that has a bad day', () => {
  it.for<[string, Rule]>([
    ['every third request is told to slow down', { fault: SLOW_DOWN, when: ({ nth }) => nth % 3 === 0 }],
    ['a storm of 503 that passes', { fault: SLOW_DOWN, when: ({ nth }) => nth > 30, times: 20 }],
    [
      'uploads that break in their middle',
      {
        fault: { kind: 'cut', afterBytes: 100_000 },
        when: ({ operation, nthOfOperation: n }) => operation === 'UploadPart' && n % 3 === 1,
      },
    ],
    [
      'answers that are lost after the work was done',
      { fault: { kind: 'cutAnswer' }, when: ({ nth, operation }) => nth % 5 === 0 && operation !== 'ListObjects' },
    ],
    ['answers that take a second', { fault: { kind: 'delay', ms: 1000 }, when: ({ nth }) => nth % 10 === 0 }],
  ])('%s: is the same dataset as a local one, each row once', async ([, rule]) => {
    const trial = await storeTrial();
    const hits = trial.proxy.add(rule);
    const result = await trial.run(trial.download());
    expect(result.code, result.stderr).toBe(0);
    expect(hits()).toBeGreaterThan(0);
    trial.proxy.clear();
    await expectWhole(trial);
  });

  it('a gateway killed in mid-upload and back after two seconds: is waited for', async () => {
    const trial = await storeTrial({ rows: 1500, latencyMs: 150 });
    const { done } = trial.start(trial.download());
    await uploading(trial, 5);
    await trial.gateway.kill();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await trial.gateway.start();
    const result = await done;
    expect(result.code, result.stderr).toBe(0);
    await expectWhole(trial);
  });

  it.for<[string, Fault, string, RegExp]>([
    ['refuses everything from one moment on', ACCESS_DENIED, 'FDC_ERR_DEST_UNWRITABLE', /credentials/],
    ['has used up its quota', QUOTA_EXCEEDED, 'FDC_ERR_DEST_FULL', /quota/],
    ['is full', STORAGE_FULL, 'FDC_ERR_DEST_FULL', /free/],
  ])('a store that %s: ends with one line, and the resume completes it', async ([, fault, code, fix]) => {
    const trial = await storeTrial();
    trial.proxy.add({
      fault,
      when: ({ operation, part }) => operation === 'UploadPart' && part > 0 && trial.proxy.seen.length > 60,
    });
    expectOneLine(await trial.run(trial.download()), code, fix);
    trial.proxy.clear();
    const resumed = await trial.run(['resume', trial.out]);
    expect(resumed.code, resumed.stderr).toBe(0);
    await expectWhole(trial);
  });
});

describeS3(`a store whose disk fills up${canMount ? '' : ' (SKIPPED: mounting a small tmpfs needs root)'}`, () => {
  it.skipIf(!canMount)('ends a run with one line; after making room the resume completes it', async () => {
    const disk = smallDisk(join(await tempFolder(), 'disk'), 48);
    const trial = await storeTrial({ bytes: 20_000, gateway: { folder: disk } });
    const giveBack = takeSpace(disk, 42);
    expectOneLine(await trial.run(trial.download()), 'FDC_ERR_DEST_FULL', /free space/);
    giveBack();
    const resumed = await trial.run(['resume', trial.out]);
    expect(resumed.code, resumed.stderr).toBe(0);
    await expectWhole(trial);
  });
});

describeS3('a download into a store that it cannot use', () => {
  it.for<[string, Record<string, string>, string, RegExp]>([
    ['a wrong secret', { AWS_SECRET_ACCESS_KEY: 'another-s3cret' }, '', /AWS_SECRET_ACCESS_KEY/],
    ['an unknown key', { AWS_ACCESS_KEY_ID: 'NOBODY' }, '', /AWS_ACCESS_KEY_ID/],
    ['no credentials', { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }, '', /AWS_ACCESS_KEY_ID/],
    ['a missing bucket', {}, 's3://nobody-made-this/data', /bucket/],
  ])('with %s ends at once with one line', async ([, env, out, fix]) => {
    const trial = await storeTrial();
    const result = await trial.run(trial.download(out === '' ? trial.out : out), { env });
    expectOneLine(result, 'FDC_ERR_DEST_UNWRITABLE', fix);
    expect(trial.origin.stats().get('a.test')).toBeUndefined();
    expect(await trial.gateway.objects()).toEqual([]);
    await trial.expectClean();
    expect(result.stdout + result.stderr).not.toContain('s3cret');
  });
});

/** Until so many shards are being uploaded or have been. */
async function uploading({ proxy }: StoreTrial, parts: number): Promise<void> {
  const sent = () => proxy.seen.filter(({ operation }) => operation === 'UploadPart').length;
  await vi.waitFor(() => expect(sent()).toBeGreaterThan(parts), { timeout: 60_000 });
}
