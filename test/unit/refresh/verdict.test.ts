import { describe, expect, it } from 'vitest';
import type { StoredRow } from '../../../src/dataset/latest/stored-rows.ts';
import { conditionsOf, verdictOf } from '../../../src/refresh/verdict.ts';

const stored: StoredRow = {
  ...{ key: 'k', name: 'k.jpg', row: 7, url: 'http://a.test/1.jpg', bytes: 100, sha256: 'aa' },
  ...{ contentType: 'image/jpeg', width: 1, height: 1 },
  ...{ etag: '"1"', lastModified: 'Mon, 02 Jan 2023 03:04:05 GMT' },
};
const plain: StoredRow = { ...stored, etag: undefined, lastModified: undefined };

function failed(code: 'http_304' | 'http_403' | 'http_404' | 'http_410' | 'http_451' | 'http_500' | 'host_down') {
  return { status: 'failed', code, bytes: 0 } as const;
}

function body(sha256: string | undefined, etag?: string, bytes = 100) {
  return { status: 'fetched', sha256, etag, bytes } as const;
}

describe('the verdict on a sample', () => {
  it('is that it is gone only where the host itself says so', () => {
    for (const code of ['http_404', 'http_410', 'http_451'] as const)
      expect(verdictOf(stored, failed(code))).toBe('gone');
    for (const code of ['http_403', 'http_500', 'host_down'] as const)
      expect(verdictOf(stored, failed(code))).toBe('failed');
  });

  it('believes "not modified" only of a question that could be answered so', () => {
    expect(verdictOf(stored, failed('http_304'))).toBe('same');
    expect(verdictOf(plain, failed('http_304'))).toBe('failed');
  });

  it('compares contents where there are hashes, whatever the tags say', () => {
    expect(verdictOf(stored, body('aa', '"2"'))).toBe('same');
    expect(verdictOf(stored, body('bb', '"1"'))).toBe('changed');
    expect(verdictOf(plain, body('aa'))).toBe('same');
  });

  it('compares tags, and then sizes, in a dataset without hashes', () => {
    const bare = { ...stored, sha256: undefined };
    expect(verdictOf(bare, body('bb', '"1"'))).toBe('same');
    expect(verdictOf(bare, body('bb', '"2"'))).toBe('changed');
    expect(verdictOf({ ...bare, etag: undefined }, body('bb', '"2"'))).toBe('same');
    expect(verdictOf({ ...bare, etag: undefined }, body('bb', undefined, 99))).toBe('changed');
  });
});

describe('the conditions of a request', () => {
  it('are what the host gave, as far as a header can hold it', () => {
    expect(conditionsOf(stored)).toEqual({
      'if-none-match': '"1"',
      'if-modified-since': 'Mon, 02 Jan 2023 03:04:05 GMT',
    });
    expect(conditionsOf(plain)).toEqual({});
    expect(conditionsOf({ ...stored, etag: '"a\r\nx: y"' })).not.toHaveProperty('if-none-match');
    expect(conditionsOf({ ...stored, etag: '' })).not.toHaveProperty('if-none-match');
  });
});
