/** A thread that takes permits as fast as it can, and writes down what it saw: as a program of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import { sharedClockShiftMs, systemClock } from '../../../src/clock.ts';
import { GateTable, type GateTableSize } from '../../../src/host-budget/threads/gate-table.ts';

export interface HammerData {
  readonly size: GateTableSize;
  readonly buffer: SharedArrayBuffer;
  readonly thread: number;
  readonly slots: readonly number[];
  /** By slot: requests in flight now, and the most there ever were; counted from after a permit to before its end. */
  readonly seen: SharedArrayBuffer;
  /** For so long; for ever when it is 0. */
  readonly forMs: number;
}

function hammer({ size, buffer, thread, slots, seen, forMs }: HammerData): number[] {
  const table = new GateTable(size, buffer);
  const counts = new Int32Array(seen);
  const shiftMs = sharedClockShiftMs();
  const nowMs = (): number => systemClock.nowMs() + shiftMs;
  const startMs = nowMs();
  const sentMs: number[] = [];
  const held: number[] = [];
  for (let turn = 0; forMs === 0 || nowMs() - startMs < forMs; turn += 1) {
    const slot = slots[turn % slots.length] as number;
    const atMs = nowMs();
    if (table.acquire(slot, thread, atMs, startMs)) {
      held.push(slot);
      const inFlight = Atomics.add(counts, 2 * slot, 1) + 1;
      for (let most = Atomics.load(counts, 2 * slot + 1); inFlight > most; )
        most = Atomics.compareExchange(counts, 2 * slot + 1, most, inFlight);
      if (slot === slots[0] && forMs > 0) sentMs.push(atMs);
    }
    // Some are held for a while, so that others find none left.
    while (held.length > 0 && (held.length > 3 || turn % 7 === 0)) {
      const done = held.shift() as number;
      Atomics.sub(counts, 2 * done, 1);
      table.release(done, thread);
    }
  }
  for (const slot of held) {
    Atomics.sub(counts, 2 * slot, 1);
    table.release(slot, thread);
  }
  return sentMs;
}

parentPort?.postMessage('up');
parentPort?.once('message', () => parentPort?.postMessage(hammer(workerData as HammerData)));
