import { describe, expect, it } from 'vitest';
import { Shortage } from '../../../../src/stages/fetch/shortage.ts';

describe('a machine that is short of files', () => {
  it('carries less than goes on, and one more each ten seconds until it carries all again', () => {
    const shortage = new Shortage(100);
    expect([shortage.isShort, shortage.capAt(0)]).toEqual([false, 100]);
    for (const inFlight of [60, 59, 58]) shortage.onShortage(inFlight, 1000);
    expect([1000, 10_999, 11_000, 111_500].map((atMs) => shortage.capAt(atMs))).toEqual([43, 43, 44, 54]);
    expect(shortage.capAt(600_000)).toBe(100);
    expect(shortage.isShort).toBe(false);
  });

  it('carries one request at least, or nobody would learn that it is over', () => {
    const shortage = new Shortage(100);
    shortage.onShortage(0, 0);
    expect(shortage.capAt(0)).toBe(1);
  });

  it('says so once, and again only after all was well', () => {
    const shortage = new Shortage(3);
    expect([1, 1].map(() => shortage.onShortage(1, 0))).toEqual([true, false]);
    shortage.capAt(20_000);
    expect(shortage.onShortage(1, 20_000)).toBe(true);
  });

  it('lets rows wait for an hour without a single reply, and no longer', () => {
    const shortage = new Shortage(10);
    shortage.onShortage(0, 0);
    expect(shortage.excuses(3_599_999)).toBe(true);
    shortage.onReply();
    shortage.onShortage(0, 3_599_999);
    expect([3_600_000, 7_199_999].map((atMs) => shortage.excuses(atMs))).toEqual([true, false]);
  });
});
