import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config/resolve.ts';
import type { CommandName } from '../../../src/config/schema/key.ts';
import type { Config } from '../../../src/config/types.ts';
import { isFlowDcError } from '../../../src/errors.ts';

function problemOf(config: Config, command: CommandName): string | undefined {
  try {
    resolveConfig(config, command);
    return undefined;
  } catch (error) {
    expect(isFlowDcError(error) && error.code).toBe('FDC_ERR_CONFIG_INVALID');
    return String(error);
  }
}

describe('what is written on this machine', () => {
  it.for<[CommandName, Config, RegExp]>([
    ['partition', { output: 's3://bucket/parts' }, /output: expected a folder of this machine for partition/],
    ['partition', { output: 'gs:/bucket/parts' }, /output: expected a folder/],
    ['export', { output: 's3://bucket/rows.csv' }, /output: expected a file of this machine/],
    ['download', { output: '-', outcomes: 's3://bucket/o.csv' }, /outcomes: expected a file of this machine/],
    ['download', { output: 'out', log_file: 's3://bucket/log' }, /log_file: expected a file of this machine/],
    ['submit', { output: 'out', trace_paarc: 'https://h.test/t' }, /trace_paarc: expected a file of this machine/],
    [
      'report',
      { html: 's3://bucket/r.html' },
      /html: expected .*only the output of download and submit may be a store/,
    ],
    ['report', { html: 'file:///tmp/r.html' }, /html: expected .*a path without file:/],
  ])('by %s is no URL: %j', ([command, config, why]) => {
    expect(problemOf(config, command)).toMatch(why);
  });

  it.for<[CommandName, Config]>([
    ['download', { output: 's3://bucket/birds', log_file: 'a:b.log' }],
    ['submit', { output: 's3://bucket/birds' }],
    ['report', { html: 'C:report.html' }],
  ])('is taken as a path otherwise, and stores are outputs of %s: %j', ([command, config]) => {
    expect(problemOf(config, command)).toBeUndefined();
  });

  it('is named with a URL without its password', () => {
    const problem = problemOf({ output: 'out', log_file: 'https://me:S3CR3T@h.test/l?sig=S1G' }, 'download');
    expect(problem).not.toMatch(/S3CR3T|S1G/);
  });

  it.for(['s3://bucket/birds', 'gs://bucket/birds', 'none:', '-'])(
    'is where the job of an upload by a program is kept, not %s',
    (output) => {
      const problem = problemOf({ output, cloud_destination: 'birds' }, 'download');
      expect(problem).toMatch(/cloud_destination: expected a folder for what the job keeps, got output/);
    },
  );
});

describe('the folder of a job whose shards are uploaded', () => {
  it.for([
    ["bkt/up/dry x'y", "dry x'y"],
    ['s3://bucket/birds/', 'birds'],
    ['cloud:my birds', 'my birds'],
    ['/zone/home/me/Vögel', 'Vögel'],
    ['box:', 'box'],
    ['box:..', 'dataset'],
  ] as const)('is named after the last part of the destination, whole: %s', ([destination, folder]) => {
    const { sink } = resolveConfig({ cloud_destination: destination }, 'download');
    expect(sink.output).toBe(folder);
  });
});
