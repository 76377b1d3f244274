import { describe, expect, it } from 'vitest';
import { findVersitygw } from '../../scripts/versitygw-binary.ts';
import { leftIn, storeJobs } from '../support/store-jobs.ts';

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

    const again = await jobs.run(jobs.args('s3://bucket/data/set'));
    expect(again.stderr).toContain('nothing to do');
    expect(again.code).toBe(0);
  });
});
