import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUDGET, clusterOf, type SimCluster, type SimWorker, utilisation } from './sim-cluster.ts';

/** Histories per property. More of them, for a night: FAULT_RUNS=4000 npx vitest run test/unit/host-budget */
const RUNS = Number(process.env.FAULT_RUNS ?? 40);
const kinds = ['kill', 'cut', 'server', 'start', 'idle'] as const;
const losses = fc.constantFrom(0, 0.02, 0.2);
const delaysMs = fc.constantFrom(1, 20, 200);
const shortMs = [50, 200] as const;
const longMs = [50, 12_000] as const;

function faultOf(...of: readonly string[]) {
  return fc.record({
    afterMs: fc.integer({ min: 0, max: 4000 }),
    worker: fc.integer({ min: 0, max: 4 }),
    kind: fc.constantFrom(...of),
    lastsMs: fc.integer({ min: 100, max: 9000 }),
  });
}

describe('whatever happens', () => {
  // The new leader heard members before it had read its own claim, and took them for heard.
  it('no more than the budget is in flight when two join while one is cut off, and another freezes right after', () => {
    const start = { worker: 0, kind: 'start', lastsMs: 100 } as const;
    const cut = { afterMs: 0, worker: 2, kind: 'cut', lastsMs: 6162 } as const;
    const freeze = { afterMs: 199, worker: 0, kind: 'freeze', lastsMs: 3732 } as const;
    outliveFaults(4, [{ ...start, afterMs: 0 }, { ...start, afterMs: 3307 }, cut, freeze], 0, 1, shortMs);
  });

  it('no more than the budget is ever in flight, and all of it is used again afterwards', {
    timeout: 3000 * RUNS,
  }, () => {
    const faults = fc.array(faultOf(...kinds, 'freeze'), { maxLength: 8 });
    const outlive = fc.property(fc.integer(), faults, losses, delaysMs, fc.constant(shortMs), outliveFaults);
    fc.assert(outlive, { numRuns: RUNS });
  });

  // The connections of a process that stands still are nobody's to close.
  it('not even with requests that outlast every lease, unless a process stands still', { timeout: 3000 * RUNS }, () => {
    const faults = fc.array(faultOf(...kinds), { maxLength: 8 });
    const outlive = fc.property(fc.integer(), faults, losses, delaysMs, fc.constant(longMs), outliveFaults);
    fc.assert(outlive, { numRuns: RUNS });
  });
});

interface Fault {
  readonly afterMs: number;
  readonly worker: number;
  readonly kind: string;
  readonly lastsMs: number;
}

function outliveFaults(
  seed: number,
  faults: readonly Fault[],
  loss: number,
  delayMs: number,
  serviceMs: readonly [number, number],
): void {
  const cluster = clusterOf(4, seed);
  cluster.serviceMs = serviceMs;
  cluster.loss = loss;
  cluster.delayMs = delayMs;
  cluster.run(500);
  for (const { afterMs, worker, kind, lastsMs } of faults) {
    cluster.run(afterMs);
    strike(cluster, cluster.workers[worker % cluster.workers.length] as SimWorker, kind, lastsMs);
  }
  heal(cluster);
  cluster.run(12_000);
  expect(cluster.maxInFlight, 'in flight').toBeLessThanOrEqual(BUDGET);
  if (cluster.workers.every(({ isDead }) => isDead)) return;
  expect(utilisation(cluster, 3000), 'used').toBeGreaterThan(0.8);
}

function strike(cluster: SimCluster, worker: SimWorker, kind: string, lastsMs: number): void {
  if (kind === 'kill') return cluster.kill(worker);
  if (kind === 'start') return void cluster.start(`late${cluster.workers.length}`);
  const set = (isOn: boolean): void => {
    if (kind === 'freeze') worker.isFrozen = isOn;
    else if (kind === 'cut') worker.isCut = isOn;
    else if (kind === 'server') cluster.isServerUp = !isOn;
    else worker.waiting = isOn ? 0 : Number.MAX_SAFE_INTEGER;
  };
  set(true);
  cluster.run(lastsMs);
  set(false);
}

function heal(cluster: SimCluster): void {
  cluster.isServerUp = true;
  for (const worker of cluster.workers) {
    worker.isCut = false;
    worker.isFrozen = false;
    worker.waiting = Number.MAX_SAFE_INTEGER;
  }
}
