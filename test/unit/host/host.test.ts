import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hostOf, parseHttpUrl, parseUrl, unsupportedScheme } from '../../../src/host/host.ts';
import { anyUrl } from '../../support/any-url.ts';

it('names a host exactly where there is a URL to fetch, and an unsupported scheme nowhere else', () => {
  fc.assert(
    fc.property(anyUrl, (url) => {
      const isFetchable = parseHttpUrl(url) !== undefined;
      const isOfBucket = /^(s3|gs):\/\//.test(hostOf(url));
      expect(hostOf(url) !== '!invalid').toBe(isFetchable || isOfBucket);
      if (isFetchable) expect(unsupportedScheme(url)).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});

it.each([
  ['s3://bucket/a/1.jpg', 's3://bucket'],
  [' S3://my.bucket.com/ü?x#y ', 's3://my.bucket.com'],
  ['gs://bucket', 'gs://bucket'],
  ['s3://Bucket/a.jpg', '!invalid'],
  ['s3://bucket:80/a.jpg', '!invalid'],
  ['s3://us..er/a.jpg', '!invalid'],
  ['s3://key:secret@bucket/a.jpg', '!invalid'],
  ['s3:/bucket/a.jpg', '!invalid'],
])('the host of %j is its bucket, %j', (url, host) => {
  expect(hostOf(url)).toBe(host);
});

it.each([
  ['ftp://example.org/a.jpg', 'ftp'],
  [' S3://bucket/a.jpg', 's3'],
  ['data:image/png;base64,AAAA', 'data'],
  ['https://exa mple.org/', undefined],
  ['www.example.org/a.jpg', undefined],
])('the scheme of %j that is not fetched is %j', (url, scheme) => {
  expect(unsupportedScheme(url)).toBe(scheme);
});

it('names the host of an international URL the same however often it is asked', () => {
  // Enough calls for the runtime to optimise what it calls.
  const hosts = new Set(Array.from({ length: 30_000 }, () => hostOf('http://bücher.example/ü.jpg')));
  expect([...hosts]).toEqual(['xn--bcher-kva.example']);
});

it.each(['', 'nothing', 'http://', 'http://ex ample.org/', 'http://a\u00a0b.org/', '/only/a/path'])(
  '%j is no URL',
  (url) => {
    expect(parseUrl(url)).toBeUndefined();
    expect(hostOf(url)).toBe('!invalid');
  },
);

it('resolves a relative reference', () => {
  expect(parseUrl('../ü.jpg', 'http://bücher.example/a/b')?.href).toBe('http://xn--bcher-kva.example/%C3%BC.jpg');
});
