import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { sharedClockShiftMs, systemClock } from '../../../src/clock.ts';
import { GateTable } from '../../../src/host-budget/threads/gate-table.ts';
import { startThread } from '../../../src/start-thread.ts';
import { seeds } from '../../support/seeds.ts';
import type { HammerData } from './hammer.ts';

const THREADS = 3;
const OPEN = {
  permits: 5,
  spacingMs: 0,
  pauseUntilMs: 0,
  goodUntilMs: Number.POSITIVE_INFINITY,
  isShut: false,
  refusesAll: false,
};

class Trial {
  readonly table: GateTable;
  readonly seen: SharedArrayBuffer;
  readonly workers: Worker[] = [];

  constructor(slots: number, maxInFlight = 1000) {
    this.table = new GateTable({ slots, threads: THREADS, maxInFlight });
    this.seen = new SharedArrayBuffer(8 * slots);
    this.table.setThreadsAtWork(THREADS);
  }

  /** Ready, and waiting for a word. */
  async start(thread: number, slots: readonly number[], forMs: number): Promise<Worker> {
    const { size, buffer } = this.table;
    const data: HammerData = { size, buffer, thread, slots, forMs, seen: this.seen };
    const worker = startThread(new URL('./hammer.ts', import.meta.url), data);
    this.workers.push(worker);
    await once(worker, 'message');
    return worker;
  }

  async hammer(slots: readonly number[], forMs: number, meanwhile = async (): Promise<void> => {}): Promise<number[]> {
    const numbers = Array.from({ length: THREADS }, (_, thread) => thread);
    const workers = await Promise.all(numbers.map((thread) => this.start(thread, slots, forMs)));
    const sent = workers.map(async (worker): Promise<number[]> => {
      const answer = once(worker, 'message');
      worker.postMessage('go');
      return (await answer)[0];
    });
    await meanwhile();
    const all = (await Promise.all(sent)).flat().sort((a, b) => a - b);
    await Promise.all(workers.map((worker) => worker.terminate()));
    return all;
  }

  /** Most requests that were in flight to a slot at any moment. */
  most(slot: number): number {
    return new Int32Array(this.seen)[2 * slot + 1] as number;
  }
}

function nowMs(): number {
  return systemClock.nowMs() + sharedClockShiftMs();
}

describe('a gate that several threads hammer', () => {
  it('never has more requests in flight than permits, of one host and of all, and none is left over', async () => {
    const trial = new Trial(2, 8);
    trial.table.reset(0, OPEN);
    trial.table.reset(1, { ...OPEN, permits: 6 });
    const sent = await trial.hammer([0, 1], 700);
    expect(sent.length).toBeGreaterThan(1000);
    expect(trial.most(0)).toBeLessThanOrEqual(5);
    expect(trial.most(1)).toBeLessThanOrEqual(6);
    expect(trial.table.inFlight(0) + trial.table.inFlight(1)).toBe(0);
    expect(trial.table.isFull(0)).toBe(false);
  });

  it.each(seeds(3))('keeps its spacing within a slip of 20 ms, and every pause (seed %i)', async (seed) => {
    const spacingMs = 0.5 + (seed % 7);
    const trial = new Trial(1);
    trial.table.reset(0, { ...OPEN, permits: 100, spacingMs });
    const pauses: [fromMs: number, untilMs: number][] = [];
    const sent = await trial.hammer([0], 800, async () => {
      await sleep(200);
      const untilMs = nowMs() + 150;
      trial.table.pause(0, untilMs);
      pauses.push([nowMs(), untilMs]);
      await sleep(300);
      const laterMs = nowMs() + 100;
      trial.table.write(0, { ...OPEN, permits: 100, spacingMs, pauseUntilMs: laterMs });
      pauses.push([nowMs(), laterMs]);
    });
    expect(sent.length).toBeGreaterThan(20);
    for (const [fromMs, untilMs] of pauses)
      expect(sent.filter((atMs) => atMs > fromMs && atMs < untilMs - 0.001)).toEqual([]);
    // Over every stretch of time: what the spacing allows, and what a slip makes good.
    for (let from = 0; from < sent.length; from += 1) {
      for (const to of [from + 1, from + 5, from + 40, sent.length - 1]) {
        const lastedMs = (sent[to] ?? Number.NaN) - (sent[from] as number);
        if (to > from && to < sent.length) expect(to - from).toBeLessThanOrEqual((lastedMs + 20) / spacingMs + 1e-3);
      }
    }
  });

  it('is open to the others after threads were ended at any moment, with all that they held', async () => {
    const trial = new Trial(1);
    trial.table.reset(0, OPEN);
    const survivor = await trial.start(0, [0], 0);
    survivor.postMessage('go');
    for (let round = 0; round < 8; round += 1) {
      const victims = await Promise.all([trial.start(1, [0], 0), trial.start(2, [0], 0)]);
      for (const victim of victims) victim.postMessage('go');
      await sleep(5 + 3 * round);
      await Promise.all(victims.map((victim) => victim.terminate()));
      for (const thread of [1, 2]) {
        trial.table.forgetThread(thread);
        trial.table.releaseAll(0, thread);
      }
    }
    await survivor.terminate();
    trial.table.forgetThread(0);
    trial.table.releaseAll(0, 0);
    let taken = 0;
    while (trial.table.acquire(0, 0, nowMs(), 0)) taken += 1;
    expect(taken).toBe(5);
  });
});
