import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fifo } from '../../../src/structures/fifo.ts';

describe('a queue', () => {
  it('behaves as an array with push, unshift and shift', () => {
    const step = fc.constantFrom('push', 'push', 'unshift', 'shift');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const queue = new Fifo<number>();
        const model: number[] = [];
        steps.forEach((kind, number) => {
          if (kind === 'shift') expect(queue.shift()).toBe(model.shift());
          else {
            queue[kind as 'push' | 'unshift'](number);
            model[kind as 'push' | 'unshift'](number);
          }
          expect(queue.peek()).toBe(model[0]);
          expect(queue.size).toBe(model.length);
        });
      }),
    );
  });

  it('does not keep what was taken: ten thousand in and out leave nothing behind', () => {
    const queue = new Fifo<number>();
    for (let number = 0; number < 10_000; number += 1) queue.push(number);
    for (let number = 0; number < 10_000; number += 1) expect(queue.shift()).toBe(number);
    expect(queue.size).toBe(0);
    expect(queue.shift()).toBeUndefined();
  });
});
