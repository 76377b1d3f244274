import { describe, expect, it } from 'vitest';
import { BudgetLease, Liveness, timingFor } from '../../../src/host-budget/membership.ts';
import { MessageAllowance } from '../../../src/host-budget/outbox.ts';
import { SenderClock } from '../../../src/host-budget/peers.ts';

/** Heartbeats of `workers` every second in [fromMs, toMs]. */
function beat(liveness: Liveness, workers: readonly string[], fromMs: number, toMs: number): void {
  for (let atMs = fromMs; atMs <= toMs; atMs += 1000)
    for (const worker of workers) liveness.hear(worker, { ttlMs: 3000, sentMs: atMs }, atMs);
}

describe('a worker', () => {
  it('is given up as soon as a heartbeat of mine has come back that left after its lease and a second', () => {
    const liveness = new Liveness('me');
    beat(liveness, ['me', 'you'], 0, 5000);
    beat(liveness, ['me'], 6000, 9000);
    expect(liveness.isAlive('you', 9999)).toBe(true);
    liveness.hear('me', { ttlMs: 3000, sentMs: 9001 }, 9010);
    expect(liveness.isAlive('you', 9010)).toBe(false);
    expect(liveness.others(9010)).toEqual([]);
  });

  it('is not given up for what may not have reached me yet', () => {
    const liveness = new Liveness('me');
    beat(liveness, ['me', 'you'], 0, 5000);
    expect(liveness.isAlive('you', 60_000)).toBe(true);
    // Mine came back late, and yours are behind it.
    liveness.hear('me', { ttlMs: 3000, sentMs: 6000 }, 60_000);
    expect(liveness.isAlive('you', 60_000)).toBe(true);
    beat(liveness, ['you'], 60_000, 60_000);
    liveness.hear('me', { ttlMs: 3000, sentMs: 60_001 }, 60_002);
    expect(liveness.isAlive('you', 60_002)).toBe(true);
  });

  it('is asked after by a heartbeat of mine at once, and once', () => {
    const liveness = new Liveness('me');
    beat(liveness, ['me', 'you'], 0, 5000);
    liveness.send(8500);
    expect(liveness.hasDoubts(9000)).toBe(false);
    expect(liveness.hasDoubts(9001)).toBe(true);
    liveness.send(9001);
    expect(liveness.hasDoubts(9002)).toBe(false);
  });

  it('is given up at once when it says that it goes on under another name', () => {
    const liveness = new Liveness('me');
    beat(liveness, ['me', 'you'], 0, 5000);
    liveness.hear('you again', { ttlMs: 3000, sentMs: 0, replaces: 'you' }, 5500);
    expect(liveness.others(5500)).toEqual(['you again']);
  });

  it('of which only a record knows has a lease from when we first saw its name', () => {
    const liveness = new Liveness('me');
    beat(liveness, ['me'], 0, 1000);
    expect(liveness.isAlive('stranger', 1000)).toBe(true);
    beat(liveness, ['me'], 2000, 6000);
    expect(liveness.isAlive('stranger', 5001)).toBe(false);
  });

  it('speaks less often among many', () => {
    expect(timingFor(16)).toEqual({ heartbeatMs: 1000, ttlMs: 3000 });
    expect(timingFor(17)).toEqual({ heartbeatMs: 5000, ttlMs: 15_000 });
  });
});

describe('a lease', () => {
  it('counts from before the heartbeat left, not from its confirmation', () => {
    const lease = new BudgetLease('me');
    expect(lease.isGood(0)).toBe(false);
    lease.confirm('me', { sentMs: 1000, ttlMs: 3000 }, 1500);
    expect(lease.isGood(3999)).toBe(true);
    expect(lease.isGood(4000)).toBe(false);
    expect(lease.hasEnded(4000)).toBe(true);
  });

  it('that has ended is not revived by a confirmation, even before anybody noticed', () => {
    const lease = new BudgetLease('me');
    lease.confirm('me', { sentMs: 1000, ttlMs: 3000 }, 1500);
    lease.confirm('me', { sentMs: 3500, ttlMs: 3000 }, 4000);
    expect(lease.isGood(4000)).toBe(false);
  });

  it('is not revived by a late confirmation of a former incarnation', () => {
    const lease = new BudgetLease('me');
    lease.confirm('me', { sentMs: 1000, ttlMs: 3000 }, 1500);
    lease.renew('me again');
    lease.confirm('me', { sentMs: 3900, ttlMs: 3000 }, 3950);
    expect(lease.isGood(4000)).toBe(false);
    expect(lease.replaces).toBe('me');
  });
});

describe('messages', () => {
  it('are at most eight in any second, and room is kept for the heartbeat', () => {
    const allowance = new MessageAllowance();
    let envelopes = 0;
    let records = 0;
    for (let atMs = 0; atMs < 1000; atMs += 10) {
      if (allowance.take('record', atMs)) records += 1;
      if (allowance.take('envelope', atMs)) envelopes += 1;
    }
    expect(records + envelopes).toBe(7);
    expect(allowance.take('heartbeat', 999)).toBe(true);
    expect(allowance.take('heartbeat', 999)).toBe(false);
    expect(allowance.take('envelope', 1010)).toBe(true);
  });
});

describe("another worker's clock", () => {
  it('is read with the delay of the fastest message', () => {
    const clock = new SenderClock();
    clock.hear(1000, 51_020);
    clock.hear(2000, 52_005);
    clock.hear(3000, 53_400);
    expect(clock.read(2900, 60_000)).toBe(52_905);
  });

  it('never runs backwards, nor ahead of ours', () => {
    const clock = new SenderClock();
    clock.hear(1000, 2000);
    expect(clock.read(900, 5000)).toBe(1900);
    clock.hear(1100, 2001);
    expect(clock.read(950, 5000)).toBe(1900);
    expect(clock.read(9000, 5000)).toBe(5000);
  });

  it('follows a drift', () => {
    const clock = new SenderClock();
    for (let atMs = 0; atMs <= 200_000; atMs += 1000) clock.hear(atMs, atMs * 1.0001 + 5);
    expect(clock.offsetMs).toBeGreaterThan(15);
  });
});
