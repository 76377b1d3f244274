import { describe, expect, it } from 'vitest';
import { batchOf, int32Column, utf8Column } from '../../../../src/arrow/columns.ts';
import { codeFilter, rowFilter } from '../../../../src/dataset/latest/row-filter.ts';

const batch = batchOf([
  ['status', utf8Column(['fetched', 'failed', 'failed', 'skipped'])],
  ['code', utf8Column([null, 'http_404', 'reset', 'robots_tag'])],
  ['host', utf8Column(['a.test', 'b.test', 'a.test', 'a=b,c'])],
  ['width', int32Column([10, null, null, null])],
]);

function meant(...filters: readonly string[]): number[] {
  const test = rowFilter(filters, 'export')(batch);
  return [0, 1, 2, 3].filter(test);
}

describe('a filter of rows', () => {
  it('means any of its words, and all of several filters', () => {
    expect(meant()).toEqual([0, 1, 2, 3]);
    expect(meant('all')).toEqual([0, 1, 2, 3]);
    expect(meant('fetched, skipped')).toEqual([0, 3]);
    expect(meant('transient,http_404')).toEqual([1, 2]);
    expect(meant('failed', 'host=a.test')).toEqual([2]);
    expect(meant('failed', 'fetched')).toEqual([]);
  });

  it('compares cells as text', () => {
    expect(meant('width=10')).toEqual([0]);
    expect(meant('host=a=b,c')).toEqual([3]);
    expect(meant('status=fetched')).toEqual([0]);
    expect(meant('code=')).toEqual([0]);
  });

  it('knows the word that fetched rows had once', () => {
    expect(meant('stored')).toEqual([0]);
    expect(meant('status=stored')).toEqual([0]);
  });

  it('names what it does not know', () => {
    expect(() => rowFilter(['faild'], 'export')).toThrow('got "faild"');
    expect(() => meant('hots=a')).toThrow('there are status, code, host, width');
    expect(() => codeFilter(['failed'], 'retry')).toThrow('retry: expected transient, all, or codes, got "failed"');
  });

  it('of codes knows which may pass, and leaves those of later versions alone', () => {
    const mayPass = codeFilter(['transient', 'http_403'], 'retry');
    expect(['reset', 'http_503', 'http_403', 'http_404', 'eaten_by_a_bear'].map(mayPass)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(codeFilter(['all'], 'retry')('eaten_by_a_bear')).toBe(true);
  });
});
