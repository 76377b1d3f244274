/**
 * Who stops whom. Planning that fails lets the work that is open finish; work that fails stops everything; the user's
 * first signal drains, the second stops.
 */
import { FinishOpenUnits } from '../chain.ts';
import type { Clock } from '../clock.ts';
import type { RunSettings } from '../config/types.ts';
import { FlowDcError } from '../errors.ts';

/** Requests in flight get so long at most when a run is interrupted. */
const MOST_GRACE_MS = 5_000;

/** How long they get; what they would bring is fetched again, or missing where nothing can be resumed. */
export function graceMs({ drainMs }: RunSettings): number {
  return Math.min(drainMs, MOST_GRACE_MS);
}

export interface RunSignals {
  readonly drain?: AbortSignal | undefined;
  readonly abort?: AbortSignal | undefined;
}

export class RunControl {
  readonly #stop = new AbortController();
  readonly #drain = new AbortController();
  readonly #clock: Clock;
  readonly #drainMs: number;
  readonly #signals: RunSignals;
  #failure: { readonly error: unknown } | undefined;
  #cancelTimer: (() => void) | undefined;
  readonly #onDrain = (): void => this.#beginDrain();
  readonly #onAbort = (): void => this.#stop.abort(interrupted());

  constructor(clock: Clock, drainMs: number, signals: RunSignals) {
    this.#clock = clock;
    this.#drainMs = drainMs;
    this.#signals = signals;
    signals.drain?.addEventListener('abort', this.#onDrain, { once: true });
    signals.abort?.addEventListener('abort', this.#onAbort, { once: true });
    if (signals.drain?.aborted) this.#beginDrain();
    if (signals.abort?.aborted) this.#onAbort();
  }

  /** Both halves end at once. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** The working half takes nothing new. */
  get drain(): AbortSignal {
    return this.#drain.signal;
  }

  /** Run both halves to their ends. Resolves to whether everything was done; throws the error that came first. */
  async run(plan: Promise<void>, work: Promise<void>): Promise<boolean> {
    const planned = plan.catch((error: unknown) =>
      this.#note(error, () => this.#beginDrain(new FinishOpenUnits('planning failed', { cause: error }))),
    );
    const worked = work.then(
      // Work that ends while draining leaves the planner with nobody to plan for.
      () => (this.#drain.signal.aborted ? this.#stop.abort(interrupted()) : undefined),
      (error: unknown) => this.#note(error, () => this.#stop.abort(error)),
    );
    await Promise.all([planned, worked]);
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#signals.abort?.aborted) throw interrupted();
    return !this.#drain.signal.aborted;
  }

  /** What the run stands on is gone: both halves end, and this is why. */
  fail(error: Error): void {
    this.#note(error, () => this.#stop.abort(error));
  }

  release(): void {
    this.#cancelTimer?.();
    this.#signals.drain?.removeEventListener('abort', this.#onDrain);
    this.#signals.abort?.removeEventListener('abort', this.#onAbort);
  }

  /** An error after the stop is the stop's echo. */
  #note(error: unknown, react: () => void): void {
    if (this.#stop.signal.aborted) return;
    this.#failure ??= { error };
    react();
  }

  #beginDrain(reason: Error = interrupted()): void {
    if (this.#drain.signal.aborted) return;
    this.#drain.abort(reason);
    this.#cancelTimer = this.#clock.timer(this.#drainMs, () => this.#stop.abort(interrupted()));
  }
}

/** FDC_ERR_INTERRUPTED. */
export function interrupted(): FlowDcError {
  return new FlowDcError('FDC_ERR_INTERRUPTED', 'interrupted; the same command goes on where it stopped');
}
