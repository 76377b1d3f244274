import { expect, it } from 'vitest';
import { type Fault, SLOW_DOWN, testFaultProxy } from '../support/fault-proxy.ts';
import { describeS3 } from '../support/s3-gateway.ts';
import type { S3Request } from '../support/s3-request.ts';
import { leftIn, storeJobs } from '../support/store-jobs.ts';

/** The gateway does it, and nobody is told; or it is never asked. */
const DONE: Fault = { kind: 'cutAnswer' };
const NOT_DONE: Fault = SLOW_DOWN;

const isRecord = ({ key, operation }: S3Request): boolean =>
  operation === 'PutObject' && key.includes('/.flow-dc/units/');
const completes =
  (ending: string) =>
  ({ key, operation }: S3Request) =>
    operation === 'CompleteMultipartUpload' && key.endsWith(ending);

const points: readonly (readonly [string, (request: S3Request) => boolean, Fault])[] = [
  ['while a shard is uploaded', ({ key, operation }) => operation === 'UploadPart' && key.endsWith('.tar'), NOT_DONE],
  ['when a unit is staged', isRecord, NOT_DONE],
  ['when its record is there', isRecord, DONE],
  ['when its shard is visible and its table is not', completes('.tar'), DONE],
  ['when it is rolled forward', completes('.stats.json'), DONE],
  ['before the dataset is sealed', ({ key }) => key.endsWith('/SHA256SUMS'), NOT_DONE],
  ['when it is sealed, and not given back', ({ key }) => key.endsWith('/_SUCCESS'), DONE],
];

describeS3('a download into a store', () => {
  it.for(points)('killed %s is completed by a resume, with every row once and no upload left open', async (point) => {
    const [, when, fault] = point;
    const jobs = await storeJobs('versitygw', 300);
    const proxy = await testFaultProxy(() => jobs.gateway.port);
    let seen = 0;
    const kill = (request: S3Request): boolean => {
      if (!when(request)) return false;
      seen += 1;
      run.child.kill('SIGKILL');
      return true;
    };
    proxy.add({ when: kill, fault });
    const run = await jobs.start(jobs.args('s3://bucket/set'), 'here', { env: jobs.gateway.env(proxy.url) });
    expect((await run.done).code, run.stderr()).toBeNull();
    expect(seen).toBeGreaterThan(0);

    const resumed = await jobs.run(['resume', 's3://bucket/set'], 'here');
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(await jobs.rowsBelow('set')).toEqual(await jobs.rowsOfLocalRun());
    expect(await jobs.gateway.openUploads()).toEqual([]);
    expect((await jobs.keysBelow('set')).filter((key) => /lock|staging/.test(key))).toEqual([]);
    expect(await leftIn((await jobs.machine('here')).tmp)).toEqual([]);
    expect((await jobs.run(['verify', 's3://bucket/set'])).stdout).toBe('');
  });
});
