import { describe, expect, it } from 'vitest';
import { TextHash } from '../../../src/structures/hash.ts';
import { HyperLogLog } from '../../../src/structures/hyper-log-log.ts';

describe('HyperLogLog', () => {
  it.each([10, 1000, 30_000, 80_000, 300_000])('estimates %i texts within 2.5 %, three standard errors', (texts) => {
    const sketch = new HyperLogLog();
    const hash = new TextHash();
    for (let i = 0; i < texts; i += 1) sketch.add(hash.of(`h${i}.example.org`));
    expect(Math.abs(sketch.size / texts - 1)).toBeLessThan(0.025);
  });

  it('is 0 when nothing was added', () => {
    expect(new HyperLogLog().size).toBe(0);
  });
});
