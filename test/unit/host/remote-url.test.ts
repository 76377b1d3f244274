import { describe, expect, it } from 'vitest';
import { schemeOf, shownUrl } from '../../../src/host/remote-url.ts';

describe('an input that is a URL', () => {
  it.each([
    ['s3://bucket/m.parquet', 's3'],
    ['GS://bucket/m.parquet', 'gs'],
    ['https://a.test/m.csv', 'https'],
    ['http://a.test/m.csv', 'http'],
    ['ftp://a.test/m.csv', undefined],
    ['s3/bucket', undefined],
    ['C:\\m.csv', undefined],
    ['-', undefined],
  ])('is told by its scheme: %s', (input, scheme) => {
    expect(schemeOf(input)).toBe(scheme);
  });

  it.each([
    ['https://ann:s3cret@a.test/m.csv', 'https://a.test/m.csv'],
    ['https://a.test/m.csv?X-Amz-Signature=abc&X-Amz-Date=1', 'https://a.test/m.csv'],
    ['https://a.test/m.csv?sig=abc', 'https://a.test/m.csv'],
    ['https://a.test/m.csv?access_token=abc#x', 'https://a.test/m.csv'],
    [`https://a.test/m.csv?id=${'x'.repeat(40)}`, 'https://a.test/m.csv'],
    ['https://a.test/export?format=csv&part=2', 'https://a.test/export?format=csv&part=2'],
    ['s3://bucket/a?b.csv', 's3://bucket/a?b.csv'],
    ['gs://bucket/a?key=b#2.csv', 'gs://bucket/a?key=b#2.csv'],
    ['s3://bucket/a.csv?X-Amz-Credential=AKID&X-Amz-Signature=abc', 's3://bucket/a.csv'],
  ])('is shown without what may be a secret: %s', (url, shown) => {
    expect(shownUrl(url)).toBe(shown);
  });
});
