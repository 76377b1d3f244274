import { describe, expect, it } from 'vitest';
import { badUrlKind } from '../../../src/inspect/bad-url.ts';

describe('badUrlKind', () => {
  it.each([
    [null, 'missing'],
    ['  ', 'missing'],
    ['www.example.org/a.jpg', 'no_scheme'],
    ['//cdn.example.org/a.jpg', 'no_scheme'],
    ['example.org:8080/a.jpg', 'no_scheme'],
    ['ftp://example.org/a.jpg', 'other_scheme'],
    ['s3://bucket/a.jpg', 'stored'],
    ['data:image/png;base64,AAAA', 'other_scheme'],
    ['http://', 'unparsable'],
    ['https://exa mple.org/', 'unparsable'],
    ['hello world', 'unparsable'],
    ['/photos/1.jpg', 'unparsable'],
    ['./photos/1.jpg', 'unparsable'],
    ['UNLIKELY', 'unparsable'],
    ['C:\\photos\\1.jpg', 'unparsable'],
    ['http://example.org/a b.jpg', undefined],
    [' HTTPS://EXAMPLE.ORG ', undefined],
  ])('takes %j for %s', (url, kind) => {
    expect(badUrlKind(url)).toBe(kind);
  });
});
