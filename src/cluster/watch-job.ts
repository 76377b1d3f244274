/** Looking after a job from the outside until every unit has its record. */
import { type Clock, sleep } from '../clock.ts';
import type { UnitId, UnitRecord } from '../record.ts';
import type { ClusterChannel } from '../transport/cluster.ts';
import { presentWorkers } from './job-report.ts';

export interface WatchOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A unit was decided, here or in an earlier run. */
  readonly onRecord: (record: UnitRecord) => void;
  /** Every unit that was published so far; asked for when the job stands still. */
  readonly expected: () => Iterable<UnitId>;
  /** Publish units that got lost. */
  readonly republish: (missing: readonly UnitId[]) => Promise<void>;
  readonly onNotice: (notice: string) => void;
}

/**
 * How often the queue is compared with the records while nothing moves. A restarted server needs some seconds to move
 * again.
 */
const STANDSTILL_MS = 10_000;

/**
 * Follow the job. When units are left that nobody holds although there are workers, the server lost their messages or
 * keeps them back (a killed one does): queue and records are brought together then.
 * @returns true when every unit has a record; false after `signal` or a cancel
 */
export async function watchJob(channel: ClusterChannel, options: WatchOptions): Promise<boolean> {
  const { clock, signal, onRecord } = options;
  const ended = new AbortController();
  const all = AbortSignal.any([signal, channel.cancelled, ended.signal]);
  const nurse = new Nurse(channel, options);
  const nursing = nurse.run(clock, all);
  try {
    for await (const record of channel.follow(all)) {
      nurse.noteMove();
      onRecord(record);
    }
  } finally {
    ended.abort();
    await nursing;
  }
  if (signal.aborted || channel.cancelled.aborted) return false;
  return (await channel.status()).state === 'sealed';
}

class Nurse {
  readonly #channel: ClusterChannel;
  readonly #options: WatchOptions;
  #movedMs: number;

  constructor(channel: ClusterChannel, options: WatchOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#movedMs = options.clock.nowMs();
  }

  noteMove(): void {
    this.#movedMs = this.#options.clock.nowMs();
  }

  /** Ends with the signal; what goes wrong is told and tried again later. */
  async run(clock: Clock, signal: AbortSignal): Promise<void> {
    while (await waited(clock, STANDSTILL_MS, signal)) {
      if (clock.nowMs() - this.#movedMs < STANDSTILL_MS) continue;
      try {
        await this.#look();
      } catch (error) {
        if (!signal.aborted) this.#options.onNotice(`looking after the job: ${(error as Error).message}; trying again`);
      }
    }
  }

  async #look(): Promise<void> {
    const { state, inFlight } = await this.#channel.status();
    if (state === 'publishing' || state === 'cancelled' || inFlight > 0) return;
    const present = presentWorkers(await this.#channel.workers(), this.#options.clock, STANDSTILL_MS);
    // A job that is followed on although it is sealed has something in the place of a record that is none.
    if (state === 'running' && !present.some((worker) => worker.state === 'working')) return;
    const { missing, requeued } = await this.#channel.repair(this.#options.expected());
    if (requeued > 0) this.#options.onNotice(`repair: ${requeued} units that the server kept back are given out again`);
    if (missing.length === 0) return;
    this.#options.onNotice(`repair: ${missing.length} units that the server lost are published again`);
    await this.#options.republish(missing);
  }
}

/** @returns false when the signal came first */
function waited(clock: Clock, delayMs: number, signal: AbortSignal): Promise<boolean> {
  return sleep(clock, delayMs, signal).then(
    () => true,
    () => false,
  );
}
