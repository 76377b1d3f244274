import { describe, expect, it } from 'vitest';
import { parseDestination } from '../../../src/destination/destination-name.ts';

describe('the name of a destination', () => {
  it.each([
    ['out', { kind: 'folder', path: 'out' }],
    ['/data/a:b', { kind: 'folder', path: '/data/a:b' }],
    ['none:', { kind: 'none' }],
    ['-', { kind: 'stdout' }],
    ['s3://bucket/a', { kind: 'store', url: expect.objectContaining({ scheme: 's3', bucket: 'bucket', prefix: 'a' }) }],
    ['gs://bucket', { kind: 'store', url: expect.objectContaining({ scheme: 'gs', name: 'gs://bucket' }) }],
  ])('%j tells its kind', (text, expected) => {
    expect(parseDestination(text)).toEqual(expected);
  });

  it('with an upload program, everything else is a path of that program', () => {
    expect(parseDestination('remote:a/b', true)).toEqual({ kind: 'tool', path: 'remote:a/b' });
    expect(parseDestination('s3://bucket/a', true)).toEqual({ kind: 'tool', path: 's3://bucket/a' });
    expect(parseDestination('none:', true)).toEqual({ kind: 'none' });
  });

  it.each([
    ['https://bucket.s3.amazonaws.com/a/b', 'expected s3://bucket/a/b'],
    ['https://bucket.s3.eu-west-1.amazonaws.com/', 'expected s3://bucket'],
    ['https://s3.eu-west-1.amazonaws.com/bucket/a', 'expected s3://bucket/a'],
    ['https://storage.googleapis.com/bucket/a', 'expected gs://bucket/a'],
    ['https://bucket.storage.googleapis.com/a', 'expected gs://bucket/a'],
    ['https://abc.r2.cloudflarestorage.com/bucket', '--s3-endpoint https://abc.r2.cloudflarestorage.com'],
    ['file:///data/out', 'a path without file://'],
    ['hdfs://namenode/a', 'hdfs:// is none of them'],
    ['s3:/bucket', 'expected s3://bucket'],
  ])('%j is refused with what to write instead', (text, said) => {
    expect(() => parseDestination(text)).toThrow(
      expect.objectContaining({ code: 'FDC_ERR_CONFIG_INVALID', message: expect.stringContaining(said) }),
    );
  });

  it('keeps secrets of a refused URL to itself', () => {
    expect(() => parseDestination('ftp://me:hush@host/a')).toThrow(expect.not.stringContaining('hush'));
  });
});
