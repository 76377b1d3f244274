/**
 * Time as a value that is passed in. Stages read time and start timers only through a `Clock`, so that
 * unit tests run on a virtual one (test/support/virtual-clock.ts) and never sleep.
 */
export interface Clock {
  /** Monotonic milliseconds, fractional; only differences mean anything. */
  nowMs(): number;
  /** Wall-clock milliseconds since the Unix epoch, for timestamps that people read. */
  wallMs(): number;
  /** Call `fn` once after `delayMs`; the returned function cancels. Keeps the process alive while it waits. */
  timer(delayMs: number, fn: () => void): () => void;
}

/**
 * The process's own time: the only place in src that reads it or starts a timer. (How busy the event loop was is read
 * by the fetch stage's load meter; that is no time.)
 */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  timer: (delayMs, fn) => {
    // setTimeout treats more than 2^31-1 ms as 1 ms.
    const handle = setTimeout(fn, Math.min(Math.max(0, delayMs), 2 ** 31 - 1));
    return () => clearTimeout(handle);
  },
};

/** The same time; its timers keep no process alive. */
export const idleClock: Clock = {
  ...systemClock,
  timer: (delayMs, fn) => {
    const handle = setTimeout(fn, Math.min(Math.max(0, delayMs), 2 ** 31 - 1)).unref();
    return () => clearTimeout(handle);
  },
};

/** End the process after so long when something still keeps it; the waiting itself keeps nothing. */
export function endProcessAfter(delayMs: number): void {
  setTimeout(() => process.exit(), delayMs).unref();
}

/** The same time; what its timers throw is told to `onError` in place of the process. */
export function guardedClock(clock: Clock, onError: (error: unknown) => void): Clock {
  return {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    timer: (delayMs, fn) =>
      clock.timer(delayMs, () => {
        try {
          fn();
        } catch (error) {
          onError(error);
        }
      }),
  };
}

/**
 * What `systemClock.nowMs` of this thread lacks to a clock that all threads of a process share, ms: every thread counts
 * from its own start.
 */
export function sharedClockShiftMs(): number {
  // Both run alike. Whoever is interrupted between the two looks finds too little, so the most is right.
  const looks = Array.from({ length: 5 }, () => Number(process.hrtime.bigint()) / 1e6 - performance.now());
  return Math.max(...looks);
}

/** Resolve after `delayMs`; reject with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const cancel = clock.timer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    function onAbort(): void {
      cancel();
      reject(signal?.reason);
    }
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
