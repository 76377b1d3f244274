import { describe, expect, it, onTestFinished } from 'vitest';
import { OriginPools } from '../../../../../src/stages/fetch/connect/origin-pools.ts';

function poolsOf(maxPools: number): OriginPools {
  const pools = new OriginPools(() => {
    throw new Error('a test asked for a connection');
  }, maxPools);
  onTestFinished(() => pools.close());
  return pools;
}

describe('the pools of a host', () => {
  it('go with it, http and https, and of no other port or host', () => {
    const pools = poolsOf(100);
    for (const origin of ['http://a.example', 'https://a.example', 'http://a.example:81', 'http://b.example']) {
      pools.borrow(origin);
      pools.giveBack(origin);
    }
    pools.drop('a.example');
    expect(pools.size).toBe(2);
    pools.drop('a.example:81');
    pools.drop('never.example');
    expect(pools.size).toBe(1);
  });

  it('stay while a request is under way', () => {
    const pools = poolsOf(100);
    const pool = pools.borrow('http://a.example');
    pools.drop('a.example');
    expect(pool.destroyed).toBe(false);
    pools.giveBack('http://a.example');
    pools.drop('a.example');
    expect(pool.destroyed).toBe(true);
    expect(pools.size).toBe(0);
  });

  it('are closed when too many others were used since', () => {
    const pools = poolsOf(2);
    for (const host of ['a', 'b', 'a', 'c']) {
      pools.borrow(`http://${host}.example`);
      pools.giveBack(`http://${host}.example`);
    }
    const [a, c] = ['a', 'c'].map((host) => pools.borrow(`http://${host}.example`));
    expect([pools.size, a?.destroyed, c?.destroyed]).toEqual([2, false, false]);
  });
});
