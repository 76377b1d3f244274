import { describe, expect, it } from 'vitest';
import { parseStoreUrl } from '../../../src/store/store-url.ts';

describe('the name of a place in an object store', () => {
  it.each([
    ['s3://bucket', 's3', 'bucket', '', 's3://bucket'],
    ['s3://bucket/', 's3', 'bucket', '', 's3://bucket'],
    ['S3://bucket/a/b/', 's3', 'bucket', 'a/b', 's3://bucket/a/b'],
    [
      'gs://my-bucket.example/laion 2026/雪',
      'gs',
      'my-bucket.example',
      'laion 2026/雪',
      'gs://my-bucket.example/laion 2026/雪',
    ],
  ])('%j is read', (text, scheme, bucket, prefix, name) => {
    expect(parseStoreUrl(text)).toEqual({ scheme, bucket, prefix, name });
  });

  it.each([
    ['s3:/bucket/a', 'expected s3://bucket/a'],
    ['s3:bucket/a', 'expected s3://bucket/a'],
    ['gs:/bucket', 'expected gs://bucket'],
    ['s3a://bucket/a', 'expected s3://bucket/a'],
    ['gcs://bucket', 'expected gs://bucket'],
    ['s3://', 'expected s3://BUCKET'],
    ['s3:///a', 'expected s3://a'],
    ['s3://Bucket/a', 'lower-case'],
    ['s3://ab', '3 to 63'],
    ['s3://a..b', 'letters, digits, dots and dashes'],
    ['s3://-ab-', 'letters, digits, dots and dashes'],
    ['s3://10.0.0.1/a', '--s3-endpoint'],
    ['s3://bucket/a//b', 'without empty parts'],
    ['s3://bucket/../b', 'without empty parts'],
    ['s3://bucket/a\u0007', 'control characters'],
    ['s3://bucket/a?region=eu-west-1', '--s3-region'],
    [`s3://bucket/${'a'.repeat(701)}`, 'at most 700'],
  ])('%j is refused with what to write instead', (text, said) => {
    expect(() => parseStoreUrl(text)).toThrow(
      expect.objectContaining({ code: 'FDC_ERR_CONFIG_INVALID', message: expect.stringContaining(said) }),
    );
  });

  it.each(['s3://AKIA:hush@bucket/a', 's3:/AKIA:hush@bucket', 'gs://me:hush@bucket', 's3://AKIA:hu/sh@bucket'])(
    'credentials in %j are refused and not said again',
    (text) => {
      const refused = (): string => {
        try {
          return JSON.stringify(parseStoreUrl(text));
        } catch (error) {
          return `${(error as Error).message} ${JSON.stringify(error)}`;
        }
      };
      expect(refused()).not.toMatch(/hush|hu\/sh/);
    },
  );
});
