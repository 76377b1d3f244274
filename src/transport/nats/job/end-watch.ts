/** When a job on several machines is over. */

import type { JobNames } from '../connection/names.ts';
import { isTransient } from '../connection/nats-error.ts';
import type { ServerLink } from '../connection/server-link.ts';
import type { PullSource } from '../units/pull-source.ts';
import { queueCounts } from './job-streams.ts';
import type { RecordStore } from './record-store.ts';

export interface EndWatchOptions {
  readonly link: ServerLink;
  readonly names: JobNames;
  readonly records: RecordStore;
  /** Units of the job once it is sealed. */
  readonly total: () => number | undefined;
  /** How long a complete job may still show units in its queue: its counts are not exact after a server was killed. */
  readonly graceMs: number;
}

/** Other machines' commits are not heard: this is how late the end of a job may be noticed. */
const LOOK_EVERY_MS = 1_000;

/**
 * When a job is over: as many records as units, and nobody left in the queue whose roll-forward is still to be done.
 * Never an empty queue alone: it is empty before the first unit and after a loss too.
 */
export class EndWatch {
  readonly #options: EndWatchOptions;
  readonly #pulls: PullSource;
  #completeSinceMs: number | undefined;
  #cancelTimer: (() => void) | undefined;
  #isLooking = false;
  #isClosed = false;

  constructor(options: EndWatchOptions, pulls: PullSource) {
    this.#options = options;
    this.#pulls = pulls;
  }

  /** @param signal - of whoever asks: the question waits for a server that is away */
  async isReached(signal?: AbortSignal): Promise<boolean> {
    const { link, names, records, total, graceMs } = this.#options;
    const units = total();
    if (units === undefined || (await records.count({ signal })) < units) return false;
    this.#completeSinceMs ??= link.clock.nowMs();
    if (link.clock.nowMs() - this.#completeSinceMs > graceMs) return true;
    const { waiting, inFlight } = await queueCounts(link, names, graceMs);
    return waiting + inFlight === 0;
  }

  /** Do what waits for a message, and look for the end meanwhile. */
  async whileWaiting<T>(wait: () => Promise<T>): Promise<T> {
    this.#lookLater();
    return wait();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
  }

  /** Something happened here that may have been the last thing. */
  kick(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (!this.#isLooking) void this.#look();
  }

  #lookLater(): void {
    if (this.#cancelTimer !== undefined || this.#isClosed) return;
    this.#cancelTimer = this.#options.link.clock.timer(LOOK_EVERY_MS, () => {
      this.#cancelTimer = undefined;
      if (!this.#isLooking) void this.#look();
    });
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    try {
      if (this.#pulls.waiting > 0 && (await this.isReached())) this.#pulls.wake();
    } catch (error) {
      // Whoever waits asks the same and gets the error; being woken is enough.
      if (!isTransient(error)) this.#pulls.wake();
    }
    this.#isLooking = false;
    if (this.#pulls.waiting > 0) this.#lookLater();
  }
}
