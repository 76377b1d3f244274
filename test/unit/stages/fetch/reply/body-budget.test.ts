import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyBudget } from '../../../../../src/stages/fetch/reply/body-memory.ts';

describe('the body budget', () => {
  it('serves those who wait in the order in which they came, the small ones too', () => {
    const budget = new BodyBudget(100);
    budget.tryTake(90);
    const granted: string[] = [];
    budget.take(50, () => granted.push('big'));
    budget.take(5, () => granted.push('small'));
    expect(budget.tryTake(5)).toBe(false);
    expect(granted).toEqual([]);
    budget.give(90);
    expect(granted).toEqual(['big', 'small']);
    expect(budget.usedBytes).toBe(55);
  });

  it('lets those behind go on when the first gives up', () => {
    const budget = new BodyBudget(100);
    budget.tryTake(60);
    const granted: string[] = [];
    const leave = budget.take(80, () => granted.push('big'));
    budget.take(40, () => granted.push('small'));
    leave();
    leave();
    expect(granted).toEqual(['small']);
    expect(budget.waiting).toBe(0);
  });

  it('grants at once what is free', () => {
    const budget = new BodyBudget(10);
    let isGranted = false;
    budget.take(10, () => {
      isGranted = true;
    });
    expect(isGranted).toBe(true);
  });

  it('says how much is wanted at once, and when somebody waits for it', () => {
    const budget = new BodyBudget(10);
    const wanted: number[] = [];
    budget.onWait = () => void wanted.push(budget.wantedBytes);
    budget.take(4, () => {});
    expect(wanted).toEqual([]);
    budget.take(8, () => {});
    budget.take(9, () => {});
    budget.give(4);
    expect(wanted).toEqual([8, 8, 9]);
    expect(budget.wantedBytes).toBe(9);
  });

  it('refuses what it could never grant, and bytes that nobody took', () => {
    const budget = new BodyBudget(10);
    expect(() => budget.take(11, () => {})).toThrow(RangeError);
    expect(() => budget.give(1)).toThrow(RangeError);
  });

  it('never hands out more than it has, and everything comes back', () => {
    const step = fc.oneof(
      fc.record({ take: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ give: fc.nat(20) }),
      fc.record({ leave: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const budget = new BodyBudget(100);
        const held: number[] = [];
        const waiting = new Map<() => void, number>();
        for (const one of steps) {
          if ('take' in one) {
            let leave = (): void => {};
            leave = budget.take(one.take, () => {
              waiting.delete(leave);
              held.push(one.take);
            });
            if (budget.waiting > waiting.size) waiting.set(leave, one.take);
          } else if ('give' in one) {
            const [bytes] = held.splice(one.give % Math.max(1, held.length), 1);
            if (bytes !== undefined) budget.give(bytes);
          } else {
            const leave = [...waiting.keys()][one.leave % Math.max(1, waiting.size)];
            if (leave === undefined) continue;
            waiting.delete(leave);
            leave();
          }
          const used = held.reduce((sum, bytes) => sum + bytes, 0);
          expect(budget.usedBytes).toBe(used);
          expect(used).toBeLessThanOrEqual(100);
        }
        while (held.length > 0) budget.give(held.pop() as number);
        expect(budget.waiting).toBe(0);
        expect(budget.usedBytes).toBe(0);
      }),
    );
  });
});
