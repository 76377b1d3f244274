/** The moment by which a worker that was told to stop has ended, whatever does not answer it. */
import type { Clock } from '../clock.ts';

export interface LastMoment {
  /** Aborts then. */
  readonly signal: AbortSignal;
  /** As `work`; undefined when that moment came first. Whatever `work` waits for is then nobody's affair. */
  within<T>(work: Promise<T>): Promise<T | undefined>;
  release(): void;
}

/** @param drain - tells the worker to stop; so long after it, ms, is the last moment */
export function lastMoment(drain: AbortSignal, drainMs: number, clock: Clock): LastMoment {
  const over = new AbortController();
  let cancel = (): void => {};
  const begin = (): void => {
    cancel = clock.timer(drainMs, () => over.abort(new Error('it took longer than drain_sec')));
  };
  drain.addEventListener('abort', begin, { once: true });
  if (drain.aborted) begin();
  const passed = new Promise<undefined>((resolve) => {
    over.signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  return {
    signal: over.signal,
    within: (work) => {
      // It may fail when nobody waits for it any more.
      work.catch(() => {});
      return Promise.race([work, passed]);
    },
    release: () => {
      drain.removeEventListener('abort', begin);
      cancel();
    },
  };
}
