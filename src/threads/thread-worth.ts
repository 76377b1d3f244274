/** How many more threads are worth their start: those that run are short of processor, and the machine is not. */
import type { Clock } from '../clock.ts';

export interface WorthPace {
  /** From this utilisation of its event loop on a thread is taken for busy. */
  readonly busyFrom: number;
  /** For so many looks in a row every thread must have been busy since the one before; 0 for whoever does not care. */
  readonly busyLooks: number;
  /** Cores that nobody used meanwhile, at least. */
  readonly idleCores: number;
}

export interface ThreadWorthOptions {
  readonly pace: WorthPace;
  readonly clock: Clock;
  /** Idle time of all cores since some moment, in milliseconds; undefined where the machine does not say. */
  readonly idleMs: () => number | undefined;
}

export class ThreadWorth {
  readonly #options: ThreadWorthOptions;
  #looks = 0;
  #since: { readonly atMs: number; readonly idleMs: number | undefined } | undefined;

  constructor(options: ThreadWorthOptions) {
    this.#options = options;
  }

  /**
   * @param utilization - since the last look, of the thread that was least busy; 0 when there is nothing to do for more
   * @param running - threads that there are
   * @returns how many more are worth it: as many again at most, so that each step is judged by what the last one did
   */
  look(utilization: number, running: number): number {
    const { busyFrom, busyLooks, idleCores } = this.#options.pace;
    if (busyLooks === 0) return Number.POSITIVE_INFINITY;
    if (utilization < busyFrom) {
      this.#since = undefined;
      return 0;
    }
    this.#since ??= this.#begin();
    this.#looks += 1;
    if (this.#looks <= busyLooks) return 0;
    const idle = this.#idleSince(this.#since);
    this.#since = undefined;
    return idle < idleCores ? 0 : Math.min(running, Math.max(1, Math.floor(idle)));
  }

  #begin() {
    this.#looks = 0;
    return { atMs: this.#options.clock.nowMs(), idleMs: this.#options.idleMs() };
  }

  /** Cores, on average. Where nobody can tell, there is one. */
  #idleSince({ atMs, idleMs: before }: { readonly atMs: number; readonly idleMs: number | undefined }): number {
    const { clock, idleMs } = this.#options;
    const after = idleMs();
    if (before === undefined || after === undefined) return 1;
    return (after - before) / (clock.nowMs() - atMs);
  }
}
