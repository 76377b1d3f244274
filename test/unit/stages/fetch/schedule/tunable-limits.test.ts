import { describe, expect, it } from 'vitest';
import { FixedLimit, type Limit } from '../../../../../src/paarc/limit.ts';
import { Gate, type Permit } from '../../../../../src/stages/fetch/schedule/gate.ts';
import { TunableLimits } from '../../../../../src/stages/fetch/schedule/tunable-limits.ts';

const OK = { kind: 'ok', headersMs: 1, serviceMs: 2, bytes: 3 } as const;
const LOAD = { inFlight: 0, waiting: 1, eventLoopUtilization: 0, clientLimited: 0 };

function opened() {
  const retired: Limit[] = [];
  const limits = new TunableLimits({
    create: (_host, rule) => new FixedLimit(rule.cMax ?? 8, rule.requestsPerSecond),
    retire: (_host, limit) => void retired.push(limit),
  });
  const limit = limits.create('a.test', { cMax: 4 }, () => {});
  return { limits, limit, gate: new Gate(limit), retired };
}

describe('a limit that somebody tunes while the run goes on', () => {
  it('is as the configuration says until then', () => {
    const { limit } = opened();
    expect(limit.permits).toBe(4);
  });

  it('changes when the requests under way have ended, and sends nothing meanwhile', () => {
    const { limits, limit, gate, retired } = opened();
    const permit = gate.send(0) as Permit;
    limits.setHost({ host: 'a.test', cMax: 2 });
    expect(limit.permits).toBe(0);
    expect(gate.isShut).toBe(false);
    // A limit without permits that never thinks again would pass for a host that is down.
    gate.tick(10, LOAD);
    expect(limit.nextTickMs).toBe(60);
    gate.settle(permit, OK, 50);
    expect(limit.nextTickMs).toBeLessThanOrEqual(50);
    gate.tick(50, LOAD);
    expect([limit.permits, retired.length]).toEqual([2, 1]);
  });

  it('goes up as well as down, and back to what the configuration says', () => {
    const { limits, limit, gate } = opened();
    limits.setHost({ host: 'a.test', cMax: 16 });
    gate.tick(0, LOAD);
    expect(limit.permits).toBe(16);
    limits.setHost({ host: 'a.test' });
    gate.tick(1, LOAD);
    expect(limit.permits).toBe(4);
  });

  it('does not wait for a slot of the rate that it had', () => {
    const { limits, gate } = opened();
    limits.setHost({ host: 'a.test', requestsPerSecond: 0.001 });
    gate.tick(0, LOAD);
    gate.settle(gate.send(0) as Permit, OK, 10);
    limits.setHost({ host: 'a.test', requestsPerSecond: 10 });
    gate.tick(20, LOAD);
    expect(gate.readyAtMs()).toBeLessThanOrEqual(120);
  });

  it('holds for a host that comes later, and not for others', () => {
    const { limits } = opened();
    limits.setHost({ host: 'b.test', cMax: 1 });
    expect(limits.create('b.test', {}, () => {}).permits).toBe(1);
    expect(limits.create('c.test', {}, () => {}).permits).toBe(8);
  });

  it('is given back as the limit that it is now', () => {
    const { limits, limit, retired } = opened();
    limits.retire('a.test', limit);
    expect(retired[0]).toBeInstanceOf(FixedLimit);
  });
});
