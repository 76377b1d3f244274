import { describe, expect, it } from 'vitest';
import { fixed } from '../laws/fixed.ts';
import { paarc } from '../laws/index.ts';
import { FRESH_KINDS, freshHosts } from './kinds.ts';
import { bandLines, judgeAll, kindHead, kindLine } from './summary.ts';

describe('the table of fresh hosts', () => {
  it('has hosts of every kind', () => {
    for (const kind of FRESH_KINDS) expect(freshHosts(kind, 7, 2), kind).toHaveLength(2);
    expect(() => freshHosts('none', 7, 2)).toThrow(/no kind none: .*strict/);
  });

  it('says of every law what it made of the same hosts, and which bands it missed', () => {
    const [good = [], rude = []] = judgeAll(freshHosts('start', 7, 2), 7, [paarc, fixed(1)]);
    expect(kindLine('start', good).split(/ +/)).toMatchObject({ 1: '2', 10: '0' });
    expect(kindLine('start', rude).split(/ +/)).toMatchObject({ 1: '2', 10: '2' });
    expect(kindLine('start', good)).toHaveLength(kindHead.length);
    expect(bandLines(good)[1]).toMatch(/^pass {2}least [01]\.\d+/);
    expect(bandLines(rude)[1]).toMatch(/^MISS {2}least 0\.0\d+, asked 0\.86: 2 below/);
  });
});
