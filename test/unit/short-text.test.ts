import { describe, expect, it } from 'vitest';
import { FlowDcError } from '../../src/errors.ts';
import { ADVICE_CHARS, shortened, someOf } from '../../src/short-text.ts';

describe('text of any length in a message', () => {
  it('stays as it is up to 200 characters', () => {
    expect(shortened('x'.repeat(200))).toBe('x'.repeat(200));
  });

  it('keeps its beginning and its end', () => {
    const text = shortened(`a.csv: ${'x'.repeat(3_000_000)} is too long`);
    expect(text).toHaveLength(200);
    expect(text).toMatch(/^a\.csv: x+…x+ is too long$/);
  });

  it.each([
    ['s3://bkt/img/q?x=1.jpg'],
    ['gs://bkt/a b/what?.jpg'],
    ['s3://bkt/my file?x=1.jpg'],
    ['no object matches s3://bkt/part-??.csv; check the pattern'],
    ['"s3://bkt/q?x=1.jpg"'],
  ])('keeps the ? of a key in a store, where it begins no query: %s', (text) => {
    expect(shortened(text)).toBe(text);
  });

  it.each([
    ['http://a.test/1.jpg?X-Amz-Signature=abc', 'http://a.test/1.jpg'],
    ['s3://bkt/1.jpg?X-Amz-Signature=abc', 's3://bkt/1.jpg'],
    ['s3://bkt/q?u=http://a.test/1.jpg?token=abc', 's3://bkt/q?u=http://a.test/1.jpg'],
    ['as3://bkt/1.jpg?token=abc', 'as3://bkt/1.jpg'],
    ['http://a.test/s3://bkt/1.jpg?token=abc', 'http://a.test/s3://bkt/1.jpg'],
  ])('loses what signs a link: %s', (text, shown) => {
    expect(shortened(text)).toBe(shown);
  });

  it('is not cut within a character', () => {
    for (let before = 0; before < 4; before++)
      expect(shortened(`${'x'.repeat(before)}${'🦋'.repeat(200)}`)).not.toMatch(/\p{Cs}/u);
  });

  it('is a few names of many', () => {
    expect(someOf(['a', 'b', 'c'], 2)).toBe('a, b and 1 more');
    expect(someOf(['x'.repeat(1000)], 2)).toHaveLength(40);
  });

  it('is cut later in an error about an input, whose path is not all of what has to be said', () => {
    const path = `/lustre/${'a-long-folder/'.repeat(8)}book.xlsx`;
    const message = `${path}: its sheet a is read, and not b; name another one, as ${path}::b`;
    expect(new FlowDcError('FDC_ERR_MANIFEST_CORRUPT', message).message).toBe(message);
    expect(new FlowDcError('FDC_ERR_MANIFEST_CORRUPT', path.repeat(10)).message).toHaveLength(ADVICE_CHARS);
  });

  it('is cut in every error and in every issue of one, but for our own advice', () => {
    const long = 'x'.repeat(1000);
    const error = new FlowDcError('FDC_ERR_CONFIG_INVALID', long, { issues: [long], advice: '; do better' });
    expect(error.message).toHaveLength(200 + '; do better'.length);
    expect(error.message).toMatch(/x; do better$/);
    expect(error.issues[0]).toHaveLength(200);
  });
});
