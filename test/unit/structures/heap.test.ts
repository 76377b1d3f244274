import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Agenda, Heap } from '../../../src/structures/heap.ts';

/** Everything that is due by then, in the order in which it comes out. */
function drained(agenda: Agenda<number>, nowMs: number): number[] {
  const taken: number[] = [];
  for (let due = agenda.takeDue(nowMs); due !== undefined; due = agenda.takeDue(nowMs)) taken.push(due);
  return taken;
}

describe('an agenda', () => {
  it('hands out entries in order of time, and none before its time', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { maxLength: 60 }), fc.nat(50), (times, nowMs) => {
        const agenda = new Agenda<number>();
        for (const time of times) agenda.add(time, time);
        const later = times.filter((time) => time > nowMs).sort((a, b) => a - b);
        expect(drained(agenda, nowMs)).toEqual(times.filter((time) => time <= nowMs).sort((a, b) => a - b));
        expect(agenda.nextMs).toBe(later[0] ?? Number.POSITIVE_INFINITY);
        expect(drained(agenda, Number.POSITIVE_INFINITY)).toEqual(later);
      }),
    );
  });

  it('stays in order when entries come and go in turn', () => {
    const step = fc.oneof(fc.record({ add: fc.nat(1000) }), fc.record({ takeUntil: fc.nat(1000) }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const agenda = new Agenda<number>();
        let model: number[] = [];
        for (const one of steps) {
          if ('add' in one) {
            agenda.add(one.add, one.add);
            model = [...model, one.add].sort((a, b) => a - b);
          } else {
            const expected = (model[0] ?? Number.POSITIVE_INFINITY) <= one.takeUntil ? model.shift() : undefined;
            expect(agenda.takeDue(one.takeUntil)).toBe(expected);
          }
        }
        expect(drained(agenda, Number.POSITIVE_INFINITY)).toEqual(model);
      }),
    );
  });
});

describe('a heap', () => {
  it("has the first of its items on top while they come, go and take each other's place", () => {
    const step = fc.record({ kind: fc.constantFrom('add', 'add', 'take', 'replace'), number: fc.nat(1000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new Heap<number>((a, b) => a > b);
        let model: number[] = [];
        for (const { kind, number } of steps) {
          if (kind === 'take') expect(heap.takeFirst()).toBe(model.shift());
          else if (kind === 'add') heap.add(number);
          else if (model.length > 0) heap.replaceFirst(number);
          if (kind === 'replace') model = model.length === 0 ? [] : [...model.slice(1), number];
          if (kind === 'add') model = [...model, number];
          model.sort((a, b) => b - a);
          expect(heap.first).toBe(model[0]);
        }
        expect([...heap.items].sort((a, b) => b - a)).toEqual(model);
      }),
    );
  });
});
