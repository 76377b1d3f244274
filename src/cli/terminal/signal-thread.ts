/**
 * The thread that hears SIGINT, SIGTERM and SIGHUP beside the main thread, and ends the program when that one is too busy to
 * hear them. Whatever is committed survives that: it is what a power cut does.
 */
import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import { workerData } from 'node:worker_threads';
import { systemClock } from '../../clock.ts';

/** From the first signal until the main thread has taken note of it. */
const UNHEARD_MS = 10_000;
/** From the second signal, which asks to stop at once. */
const STOP_MS = 4_000;

interface SignalHandle {
  onsignal: () => void;
  start(signal: number): number;
}

/** How many signals the main thread has heard. */
const heard = new Int32Array(workerData as SharedArrayBuffer);
let arrived = 0;

function onSignal(): void {
  arrived += 1;
  const mine = arrived;
  if (mine === 1) systemClock.timer(UNHEARD_MS, () => Atomics.load(heard, 0) < mine && end());
  if (mine === 2) systemClock.timer(STOP_MS, end);
}

function end(): void {
  writeSync(2, 'flow-dc: busy with something that does not end: stopped from outside; what was committed stays\n');
  process.kill(process.pid, 'SIGKILL');
}

// `process.on` hears signals in the main thread only; the handle below it may belong to any thread.
process.noDeprecation = true;
const { binding } = process as unknown as { binding(name: 'signal_wrap'): { Signal: new () => SignalHandle } };
try {
  const { Signal } = binding('signal_wrap');
  const { SIGHUP, SIGINT, SIGTERM } = constants.signals;
  for (const signal of [SIGHUP, SIGINT, SIGTERM]) {
    const handle = new Signal();
    handle.onsignal = onSignal;
    handle.start(signal);
  }
} catch {
  // A Node that does not lend it: then signals are heard by the main thread alone.
}
