import { describe, expect, it } from 'vitest';
import { BUDGET, clusterOf, SimCluster, type SimWorker, utilisation } from './sim-cluster.ts';

function permitsOf(worker: SimWorker | undefined): number {
  return worker?.limit?.permits ?? -1;
}

/** Requests within `ms` from now. */
function sentIn(cluster: SimCluster, worker: SimWorker, ms: number): number {
  const before = worker.sent;
  cluster.run(ms);
  return worker.sent - before;
}

describe('a budget shared by several workers', () => {
  it('is divided evenly within two seconds and used to nine tenths', () => {
    const cluster = clusterOf(4);
    cluster.run(2000);
    expect(cluster.workers.map(permitsOf)).toEqual([25, 25, 25, 25]);
    expect(utilisation(cluster, 5000)).toBeGreaterThan(0.9);
    expect(cluster.maxInFlight).toBeLessThanOrEqual(BUDGET);
  });

  it('has one leader', () => {
    const cluster = clusterOf(4);
    cluster.run(3000);
    expect(cluster.workers.filter(({ hub }) => hub.stats.leading === 1)).toHaveLength(1);
    expect(cluster.record()?.epoch).toBe(1);
  });

  it('gives a worker that comes late its part, from what the others have let go', () => {
    const cluster = clusterOf(2);
    cluster.run(3000);
    const late = cluster.start('late');
    cluster.run(2500);
    expect(permitsOf(late)).toBe(33);
    expect(cluster.maxInFlight).toBeLessThanOrEqual(BUDGET);
  });

  it('reuses the share of a killed worker within lease, margin and a second', () => {
    const cluster = clusterOf(4);
    cluster.run(3000);
    const follower = cluster.workers.find(({ hub }) => hub.stats.leading === 0) as SimWorker;
    cluster.kill(follower);
    cluster.run(5000);
    expect(cluster.workers.filter((worker) => worker !== follower).map(permitsOf)).toEqual([34, 33, 33]);
  });

  it('goes on under another leader, from what the first one knew, within seconds of its death', () => {
    const cluster = clusterOf(4);
    cluster.run(8000);
    const leader = cluster.workers.find(({ hub }) => hub.stats.leading === 1) as SimWorker;
    const known = cluster.record()?.controllerState;
    expect(known).toBeDefined();
    cluster.kill(leader);
    cluster.run(5500);
    expect(cluster.record()).toMatchObject({ epoch: 2, controllerState: { concurrency: known?.concurrency } });
    const left = cluster.workers.filter((worker) => worker !== leader);
    expect(left.filter(({ hub }) => hub.stats.leading === 1)).toHaveLength(1);
    expect(left.map(permitsOf).reduce((sum, permits) => sum + permits, 0)).toBe(BUDGET);
    expect(cluster.maxInFlight).toBeLessThanOrEqual(BUDGET);
  });

  it('is left alone by a worker that is cut off, as soon as its lease ends', () => {
    const cluster = clusterOf(4);
    cluster.run(3000);
    const cut = cluster.workers[3] as SimWorker;
    cut.isCut = true;
    cluster.run(3010);
    expect(permitsOf(cut)).toBe(0);
    expect(sentIn(cluster, cut, 10_000)).toBe(0);
    expect(cluster.maxInFlight).toBeLessThanOrEqual(BUDGET);
  });

  it('stands still without a server, and is shared again after it came back', () => {
    const cluster = clusterOf(4);
    cluster.run(3000);
    cluster.isServerUp = false;
    cluster.run(3010);
    expect(cluster.workers.map(permitsOf)).toEqual([0, 0, 0, 0]);
    cluster.run(3000);
    cluster.isServerUp = true;
    cluster.run(3000);
    expect(cluster.workers.map(permitsOf)).toEqual([25, 25, 25, 25]);
    expect(cluster.maxInFlight).toBeLessThanOrEqual(BUDGET);
  });

  it('does not notice a server that is away for a second', () => {
    const cluster = clusterOf(4);
    cluster.run(3000);
    cluster.isServerUp = false;
    cluster.run(1000);
    cluster.isServerUp = true;
    expect(utilisation(cluster, 3000)).toBeGreaterThan(0.9);
    expect(cluster.record()?.epoch).toBe(1);
  });

  it('is given back by a worker without rows', () => {
    const cluster = clusterOf(3);
    cluster.run(3000);
    const idle = cluster.workers[2] as SimWorker;
    idle.waiting = 0;
    cluster.run(4000);
    expect(cluster.workers.map(permitsOf)).toEqual([50, 50, 0]);
    idle.waiting = Number.MAX_SAFE_INTEGER;
    cluster.run(2000);
    expect(cluster.workers.map(permitsOf)).toEqual([34, 33, 33]);
  });

  it('goes to few workers in turn when there are more of them than requests', () => {
    const cluster = new SimCluster(1, { cMin: 2, cInit: 8, cMax: 8, nInit: 1_000_000 });
    for (let index = 0; index < 12; index++) cluster.start(`w${index}`);
    cluster.run(8000);
    const holders = (): string[] => cluster.workers.filter((worker) => permitsOf(worker) > 0).map(({ name }) => name);
    const first = holders();
    expect(first).toHaveLength(1);
    cluster.run(32_000);
    expect(holders()).toHaveLength(1);
    expect(holders()).not.toEqual(first);
    expect(cluster.maxInFlight).toBeLessThanOrEqual(12 * 2);
  });

  it.each([2000, 20_000])('pauses everybody within a second when one worker is told to wait %d ms', (retryAfterMs) => {
    const cluster = clusterOf(4);
    cluster.run(3000);
    let refusals = 1;
    cluster.answer = () => (refusals-- > 0 ? { kind: 'rate', serviceMs: 20, retryAfterMs } : undefined);
    cluster.run(1000);
    const before = cluster.workers.map(({ sent }) => sent);
    cluster.run(retryAfterMs - 1200);
    expect(cluster.workers.map(({ sent }) => sent)).toEqual(before);
  });

  it('stops everybody one message after a 429 without a time, for a moment', () => {
    const cluster = clusterOf(4);
    cluster.run(3000);
    let refusals = 1;
    let refusedMs = Number.POSITIVE_INFINITY;
    cluster.answer = (nowMs) => {
      if (refusals-- <= 0) return undefined;
      refusedMs = nowMs;
      return { kind: 'rate', serviceMs: 20 };
    };
    // A tick and one message: the detour over the leader would take two of each.
    cluster.delayMs = 20;
    while (cluster.nowMs < refusedMs) cluster.run(1);
    cluster.run(42);
    const sent = (): number => cluster.workers.reduce((sum, worker) => sum + worker.sent, 0);
    const before = sent();
    cluster.run(280);
    expect(sent()).toBe(before);
    cluster.run(1500);
    expect(sent()).toBeGreaterThan(before);
  });

  it('costs every worker at most eight messages a second', () => {
    const cluster = clusterOf(6);
    let refused = 0;
    cluster.answer = () => (refused++ % 10 === 0 ? { kind: 'overload', serviceMs: 20 } : undefined);
    cluster.run(5000);
    const before = cluster.workers.map(({ hub }) => hub.stats.messages);
    cluster.run(10_000);
    for (const [index, { hub }] of cluster.workers.entries())
      expect(hub.stats.messages - (before[index] as number)).toBeLessThanOrEqual(80);
  });
});

describe('hosts with few rows', () => {
  it('are requested without a lease, at most two at a time, and leave no record', () => {
    const cluster = new SimCluster(1);
    cluster.start('w0', 8);
    cluster.run(5000);
    expect(cluster.workers[0]?.sent).toBe(8);
    expect(cluster.maxInFlight).toBe(2);
    expect(cluster.record()).toBeUndefined();
  });

  it('are given back when their rows are done, with what was learned of them', () => {
    const cluster = new SimCluster(1);
    cluster.start('w0', 2000);
    cluster.run(60_000);
    expect(cluster.workers[0]?.sent).toBe(2000);
    expect(cluster.record()).toMatchObject({ leader: '', shares: {} });
    expect(cluster.record()?.controllerState?.concurrency).toBeGreaterThan(2);
    expect(cluster.workers[0]?.hub.stats.leading).toBe(0);
  });
});
