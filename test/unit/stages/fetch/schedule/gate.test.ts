import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FixedLimit } from '../../../../../src/paarc/limit.ts';
import { Gate, type Permit } from '../../../../../src/stages/fetch/schedule/gate.ts';
import { MovableLimit } from './movable-limit.ts';

const OK = { kind: 'ok', headersMs: 1, serviceMs: 2, bytes: 3 } as const;

describe('a gate', () => {
  it('is closed while every permit is out, and open again when one comes back', () => {
    const gate = new Gate(new FixedLimit(2));
    const first = gate.send(0) as Permit;
    gate.send(0) as Permit;
    expect(gate.readyAtMs()).toBe(Number.POSITIVE_INFINITY);
    gate.settle(first, OK, 5);
    expect(gate.readyAtMs()).toBeLessThanOrEqual(5);
    expect(gate.inFlight).toBe(1);
  });

  it('refuses a send before its time', () => {
    const gate = new Gate(new FixedLimit(1));
    gate.send(0) as Permit;
    expect(() => gate.send(0) as Permit).toThrow(/gate/);
  });

  it('opens after Retry-After and not earlier', () => {
    const gate = new Gate(new FixedLimit(4));
    gate.settle(gate.send(100) as Permit, { kind: 'rate', serviceMs: 1, retryAfterMs: 5000 }, 110);
    expect(gate.readyAtMs()).toBe(5110);
    expect(() => gate.send(5109) as Permit).toThrow();
    expect((gate.send(5110) as Permit).sentAtMs).toBe(5110);
  });

  it('saves nothing up while idle: after an hour the second send waits its full turn', () => {
    const gate = new Gate(new FixedLimit(10, 10));
    gate.send(0, 0) as Permit;
    gate.send(3_600_000, 3_600_000) as Permit;
    expect(gate.readyAtMs()).toBe(3_600_100);
  });

  it('loses no rate to timers that fire a few milliseconds late', () => {
    const gate = new Gate(new FixedLimit(1000, 200));
    let sent = 0;
    for (let nowMs = 0; nowMs < 10_000; nowMs += 7) {
      while (gate.readyAtMs() <= nowMs) {
        gate.settle(gate.send(nowMs, 0) as Permit, OK, nowMs);
        sent += 1;
      }
    }
    expect(sent).toBeGreaterThanOrEqual(1990);
    expect(sent).toBeLessThanOrEqual(2005);
  });

  it('a stalled process comes back with a handful of requests, not with all that it missed', () => {
    const gate = new Gate(new FixedLimit(1000, 200));
    gate.send(0, 0) as Permit;
    let burst = 0;
    for (; gate.readyAtMs() <= 5000; burst += 1) gate.send(5000, 0) as Permit;
    expect(burst).toBeLessThanOrEqual(5);
  });

  it('the end of a pause is no reason for a burst', () => {
    const limit = new MovableLimit(1000, 5);
    limit.pauseUntilMs = 1000;
    const gate = new Gate(limit);
    let burst = 0;
    for (; gate.readyAtMs() <= 1000; burst += 1) gate.send(1000, 0) as Permit;
    expect(burst).toBe(1);
  });

  it('a raised rate does not wait out a slot that the old rate had booked', () => {
    const limit = new MovableLimit(10, 60_000);
    limit.onTick = (self) => {
      self.spacingMs = 100;
      return undefined;
    };
    const gate = new Gate(limit);
    gate.send(0) as Permit;
    gate.tick(1000, { inFlight: 1, waiting: 1, eventLoopUtilization: 0, clientLimited: 0 });
    expect(gate.readyAtMs()).toBe(1100);
  });

  it('hands every token back exactly once, with the number in flight including the new one', () => {
    const limit = new MovableLimit(3);
    const gate = new Gate(limit);
    const permits = [gate.send(0) as Permit, gate.send(1) as Permit, gate.send(2) as Permit];
    for (const permit of permits) gate.settle(permit, { kind: 'neutral' }, 9);
    expect(limit.sends.map(({ inFlight }) => inFlight)).toEqual([1, 2, 3]);
    expect(limit.results.map(({ token }) => token)).toEqual([1, 2, 3]);
  });

  it('is shut when the limit lets nothing through and will not think again', () => {
    const limit = new MovableLimit(0);
    const gate = new Gate(limit);
    expect(gate.isShut).toBe(true);
    limit.nextTickMs = 1000;
    expect(gate.isShut).toBe(false);
  });
});

const STEP = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('send' as const), afterMs: fc.nat(30) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      which: fc.nat(20),
      retryAfterMs: fc.option(fc.nat(200), { freq: 8 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('move' as const), permits: fc.integer({ min: 1, max: 8 }) }) },
);

describe('whatever happens, a gate', () => {
  it('never has more in flight than the limit allows at the moment of a send, never sends in a pause, never closer than the spacing', () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 150 }), fc.integer({ min: 0, max: 20 }), (steps, spacingMs) => {
        const limit = new MovableLimit(3, spacingMs);
        const gate = new Gate(limit);
        const out: Permit[] = [];
        const sends: number[] = [];
        let nowMs = 0;
        for (const step of steps) {
          if (step.kind === 'move') limit.permits = step.permits;
          else if (step.kind === 'settle') {
            const [permit] = out.splice(step.which % Math.max(1, out.length), 1);
            const after = step.retryAfterMs === null ? {} : { retryAfterMs: step.retryAfterMs };
            if (permit !== undefined) gate.settle(permit, { kind: 'rate', serviceMs: 1, ...after }, nowMs);
          } else {
            nowMs += step.afterMs;
            if (gate.readyAtMs() > nowMs) continue;
            expect(nowMs).toBeGreaterThanOrEqual(limit.pauseUntilMs);
            // No row has been waiting: there is no slot to make up for.
            out.push(gate.send(nowMs) as Permit);
            expect(gate.inFlight).toBeLessThanOrEqual(limit.permits);
            expect(nowMs - (sends.at(-1) ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(spacingMs);
            sends.push(nowMs);
          }
          expect(gate.inFlight).toBe(out.length);
        }
      }),
    );
  });
});
