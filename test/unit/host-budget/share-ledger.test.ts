import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShareLedger } from '../../../src/host-budget/share-ledger.ts';

function grant(
  ledger: ShareLedger,
  targets: Record<string, number>,
  budget: number,
  mayGrow = true,
): Record<string, number> {
  const plan = ledger.plan(new Map(Object.entries(targets)), budget, mayGrow);
  ledger.issue(plan);
  return Object.fromEntries(plan);
}

describe('the books of what workers may have in flight', () => {
  it('give a newcomer only what another has let go', () => {
    const ledger = new ShareLedger();
    ledger.confirm('a', 0, 0, 0);
    expect(grant(ledger, { a: 100 }, 100)).toEqual({ a: 100 });
    ledger.confirm('a', 1, 100, 80);
    ledger.confirm('b', 0, 0, 0);
    expect(grant(ledger, { a: 50, b: 50 }, 100)).toEqual({ a: 50, b: 0 });
    ledger.confirm('a', 2, 50, 70);
    expect(grant(ledger, { a: 50, b: 50 }, 100)).toEqual({ a: 50, b: 30 });
    ledger.confirm('a', 3, 50, 50);
    expect(grant(ledger, { a: 50, b: 50 }, 100)).toEqual({ a: 50, b: 50 });
  });

  it('count a grant that was not confirmed as held, and an older one with it', () => {
    const ledger = new ShareLedger();
    ledger.confirm('a', 0, 0, 0);
    grant(ledger, { a: 80 }, 100);
    grant(ledger, { a: 20 }, 100);
    expect(ledger.held('a')).toBe(80);
    ledger.confirm('a', 2, 20, 5);
    expect(ledger.held('a')).toBe(20);
  });

  it('do not believe a confirmation that is older than another', () => {
    const ledger = new ShareLedger();
    ledger.confirm('a', 0, 0, 0);
    grant(ledger, { a: 80 }, 100);
    grant(ledger, { a: 20 }, 100);
    ledger.confirm('a', 2, 20, 20);
    ledger.confirm('a', 1, 80, 0);
    expect(ledger.held('a')).toBe(20);
  });

  it('grant nobody more while others may hold what is not in them', () => {
    const ledger = new ShareLedger();
    ledger.confirm('a', 0, 10, 10);
    expect(grant(ledger, { a: 100 }, 100, false)).toEqual({ a: 10 });
  });

  it('free what a worker held that is gone', () => {
    const ledger = new ShareLedger();
    ledger.confirm('a', 0, 60, 60);
    ledger.confirm('b', 0, 40, 40);
    ledger.close('a');
    expect(grant(ledger, { b: 100 }, 100)).toEqual({ b: 100 });
  });

  it('never hold more than the budget in all, whichever grants arrive', () => {
    const step = fc.record({
      targets: fc.array(fc.nat(120), { minLength: 3, maxLength: 3 }),
      hears: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const ledger = new ShareLedger();
        const names = ['a', 'b', 'c'];
        const obeyed = names.map(() => ({ seq: 0, permits: 0 }));
        for (const name of names) ledger.confirm(name, 0, 0, 0);
        for (const { targets, hears } of steps) {
          const total = targets.reduce((sum, target) => sum + target, 0);
          const fair = targets.map((target) => Math.floor((100 * target) / Math.max(1, total)));
          const plan = ledger.plan(new Map(names.map((name, index) => [name, fair[index] as number])), 100, true);
          const seq = ledger.issue(plan);
          for (const [index, name] of names.entries()) {
            if (hears[index] === true) obeyed[index] = { seq, permits: plan.get(name) as number };
          }
          expect(obeyed.reduce((sum, { permits }) => sum + permits, 0)).toBeLessThanOrEqual(100);
          for (const [index, name] of names.entries()) {
            const { seq: confirmed, permits } = obeyed[index] as (typeof obeyed)[0];
            if (hears[(index + 1) % 3] === true) ledger.confirm(name, confirmed, permits, permits);
          }
        }
      }),
    );
  });
});
