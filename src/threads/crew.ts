/**
 * The work threads of a process. They are started while those that there are cannot keep up, the machine could do more
 * and units wait, so that a short list starts as quickly as it would without them; each takes units of the process's
 * channel like a worker of its own, under limits of hosts that all of them share.
 */
import { performance } from 'node:perf_hooks';
import { FinishOpenUnits } from '../chain.ts';
import type { Clock } from '../clock.ts';
import { type CrewThread, type CrewThreadEvents, StoodStill } from './crew-thread.ts';
import { machineIdleMs, utilizationMeter } from './load-meter.ts';
import { ThreadWorth, type WorthPace } from './thread-worth.ts';

/** When a thread is started, and when one is given up. */
export interface CrewPace extends WorthPace {
  /** How often it is looked whether another thread is called for. */
  readonly lookMs: number;
  /** It is when so many units wait. */
  readonly unitsWaiting: number;
  /** A thread that says nothing for so long hangs, and is ended from outside. */
  readonly silentMs: number;
  /** So long a thread may take to clear away what it has open when it is told to stop. */
  readonly stopMs: number;
}

/**
 * A thread takes about two seconds of processor time to start and to become warm, so whoever has been busy for two may
 * well be so for two more; and one that gets half a core only makes the others' rows dearer. Measured; the rest chosen.
 */
const PACE: CrewPace = {
  lookMs: 150,
  busyFrom: 0.9,
  busyLooks: 13,
  idleCores: 0.6,
  unitsWaiting: 2,
  silentMs: 30_000,
  stopMs: 2000,
};
/** After so many that ended by fault no more are started: this thread goes on by itself. */
const MAX_FAULTS = 4;

/** Where units lie that another thread could begin. */
export interface SpareUnits {
  /** It has no unit, and waits for one. */
  readonly isStarved: boolean;
  readonly spareUnits: number;
  passOn(units: number): void;
}

export interface CrewOptions {
  /** Threads beside this one, at most. */
  readonly most: number;
  /** Start a thread under a number of its own. Throws when the machine gives us none. */
  readonly start: (number: number, events: CrewThreadEvents) => CrewThread;
  /** There are other threads than before: what they share is divided anew. */
  readonly onCount: (threads: readonly CrewThread[]) => void;
  /** Told of a thread that was lost, a line each. */
  readonly onNotice: (notice: string) => void;
  /** Units that nobody has taken yet. */
  readonly unitsWaiting: () => number;
  /** What this thread itself has taken and not begun, and how it leaves some of it to others. */
  readonly here: SpareUnits;
  readonly clock: Clock;
  readonly drain: AbortSignal;
  readonly stop: AbortSignal;
  readonly pace?: Partial<CrewPace> | undefined;
  /** What this thread and the machine are doing, if not what can be measured. */
  readonly meter?: LoadMeter | undefined;
}

/** See utilizationMeter and machineIdleMs. */
export interface LoadMeter {
  readonly utilization: () => number;
  readonly idleMs: () => number | undefined;
}

export class Crew {
  readonly #options: CrewOptions;
  readonly #pace: CrewPace;
  readonly #threads = new Set<CrewThread>();
  readonly #ended: Promise<void>;
  #resolve: () => void = () => {};
  #reject: (error: Error) => void = () => {};
  readonly #utilization: () => number;
  readonly #worth: ThreadWorth;
  #faults = 0;
  #cancelLook: (() => void) | undefined;
  #cancelStop: (() => void) | undefined;
  #isOver = false;

  constructor(options: CrewOptions) {
    this.#options = options;
    this.#pace = { ...PACE, ...options.pace };
    const { utilization, idleMs } = options.meter ?? {
      utilization: utilizationMeter(performance),
      idleMs: machineIdleMs,
    };
    this.#utilization = utilization;
    this.#worth = new ThreadWorth({ pace: this.#pace, clock: options.clock, idleMs });
    this.#ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever runs the crew asks for it; a failure after that one's end is nobody's.
    this.#ended.catch(() => {});
    options.drain.addEventListener('abort', () => this.#drain(), { once: true });
    options.stop.addEventListener('abort', () => this.#stop(), { once: true });
    if (options.most > 0) this.#lookLater();
  }

  get threads(): readonly CrewThread[] {
    return [...this.#threads];
  }

  /** Taken and not begun, by all threads. */
  get spareUnits(): number {
    return this.#holders.reduce((sum, { spareUnits }) => sum + spareUnits, 0);
  }

  /** Let so many of them go, of those first that have most. */
  release(units: number): void {
    let left = units;
    for (const holder of this.#holders.sort((a, b) => b.spareUnits - a.spareUnits)) {
      const some = Math.min(left, holder.spareUnits);
      if (some > 0) holder.passOn(some);
      left -= some;
    }
  }

  get #holders(): SpareUnits[] {
    return [this.#options.here, ...this.#threads];
  }

  /** Rejects when a thread failed in a way that ends the run. */
  get failure(): Promise<void> {
    return this.#ended;
  }

  /** This thread's own work is done: no more threads are started; resolves when those there are have ended. */
  async finish(): Promise<void> {
    this.#isOver = true;
    this.#endIfGone();
    await this.#ended;
  }

  /** End whatever is left. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#stop();
    this.#endIfGone();
    await Promise.all(this.threads.map(({ exited }) => exited));
  }

  #lookLater(): void {
    this.#cancelLook = this.#options.clock.timer(this.#pace.lookMs, () => {
      this.#lookLater();
      this.#look();
    });
  }

  #look(): void {
    const { lookMs, silentMs } = this.#pace;
    const utilization = Math.min(this.#utilization(), ...this.threads.map((thread) => thread.utilization()));
    for (const thread of this.#threads) {
      // In looks and not by the clock: while this thread stood still it has heard nobody.
      thread.silentMs += lookMs;
      if (thread.silentMs > silentMs) thread.terminate(new StoodStill(silentMs));
    }
    const more = this.#worth.look(this.#isCalledFor() ? utilization : 0, 1 + this.#threads.size);
    for (let started = 0; started < more && this.#isCalledFor(); started += 1) this.#start();
    if (this.#holders.some(({ isStarved }) => isStarved)) this.#share();
  }

  /** Somebody has nothing: whoever has most that is not begun leaves half of it to others. */
  #share(): void {
    const [richest] = this.#holders.sort((a, b) => b.spareUnits - a.spareUnits);
    if (richest !== undefined && richest.spareUnits > 0) richest.passOn(Math.ceil(richest.spareUnits / 2));
  }

  /** Units wait or are not begun, and more of them than threads that have not taken one yet. */
  #isCalledFor(): boolean {
    const { most, unitsWaiting, drain, stop } = this.#options;
    if (this.#isOver || drain.aborted || stop.aborted) return false;
    if (this.#threads.size >= most || this.#faults >= MAX_FAULTS) return false;
    const free = this.threads.filter(({ units }) => units === 0).length;
    return unitsWaiting() + this.spareUnits - free >= this.#pace.unitsWaiting;
  }

  #start(): void {
    const taken = new Set(this.threads.map(({ number }) => number));
    let number = 1;
    while (taken.has(number)) number += 1;
    try {
      const thread = this.#options.start(number, {
        // What a stop makes of a thread's work is no failure of its own.
        onFailure: (error) => (this.#options.stop.aborted ? undefined : this.#reject(error)),
        onExit: (exited) => this.#onExit(exited),
      });
      this.#threads.add(thread);
      this.#options.onCount(this.threads);
    } catch (error) {
      this.#faults = MAX_FAULTS;
      this.#options.onNotice(
        `no other thread can be started (${(error as Error).message}): this one goes on by itself`,
      );
    }
  }

  #onExit(thread: CrewThread): void {
    this.#threads.delete(thread);
    const fault = this.#options.stop.aborted ? undefined : thread.fault;
    if (fault !== undefined) {
      this.#faults += 1;
      this.#options.onNotice(`a thread has ended (${fault.message}): the shards it had open are begun anew`);
    }
    thread.lose(fault);
    this.#options.onCount(this.threads);
    this.#endIfGone();
  }

  #endIfGone(): void {
    if (!this.#isOver || this.#threads.size > 0) return;
    this.#cancelLook?.();
    this.#cancelStop?.();
    this.#resolve();
  }

  #drain(): void {
    const kind = this.#options.drain.reason instanceof FinishOpenUnits ? 'finish' : 'drain';
    for (const thread of this.#threads) thread.order({ kind });
  }

  #stop(): void {
    if (this.#threads.size === 0) return;
    for (const thread of this.#threads) thread.order({ kind: 'stop' });
    this.#cancelStop?.();
    this.#cancelStop = this.#options.clock.timer(this.#pace.stopMs, () => {
      for (const thread of this.#threads) thread.terminate(new Error('it did not stop'));
    });
  }
}
