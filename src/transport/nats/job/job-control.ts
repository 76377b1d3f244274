/** What is done to a job as a whole by whoever holds its channel: sealing, looking, repairing, and its ends. */
import { FlowDcError } from '../../../errors.ts';
import type { UnitId } from '../../../record.ts';
import type { RepairResult } from '../../cluster.ts';
import type { JobStatus } from '../../transport.ts';
import type { JobNames } from '../connection/names.ts';
import { isGone, isRefused } from '../connection/nats-error.ts';
import type { ServerLink } from '../connection/server-link.ts';
import { type JobState, jobMissing, stateOf } from './job-entry.ts';
import { deleteJobStreams, deleteQueue, queueCounts } from './job-streams.ts';
import { repairQueue } from './queue-repair.ts';
import type { RecordStore } from './record-store.ts';

export interface JobControlOptions {
  readonly link: ServerLink;
  readonly job: string;
  readonly names: JobNames;
  /** The consumer's, so that all workers of a job agree. */
  readonly ackWaitMs: number;
  /** Remove the job's entry from the list of jobs. */
  readonly unregister: () => Promise<void>;
}

/** A look at the server that somebody waits for in front of a screen. */
export const LOOK_MS = 10_000;

/** A job's entry, queue and records taken together. Who may call what, and when, is the channel's business. */
export class JobControl {
  readonly #options: JobControlOptions;
  readonly #state: JobState;
  readonly #records: RecordStore;

  constructor(options: JobControlOptions, state: JobState, records: RecordStore) {
    this.#options = options;
    this.#state = state;
    this.#records = records;
  }

  /** Errors: FDC_ERR_JOB_UNITS_CHANGED when more units are recorded than there are. */
  async seal(total: number): Promise<void> {
    let recorded = await this.#records.count();
    if (recorded > total) recorded -= await this.#records.removeForeign();
    if (recorded > total) {
      throw new FlowDcError(
        'FDC_ERR_JOB_UNITS_CHANGED',
        `The input is cut into other units than before: ${recorded} units are recorded, this run has ${total}; ` +
          'use the input and settings of the first run, another -o, or --overwrite',
      );
    }
    await this.#state.update((entry) => {
      if (entry.state === 'cancelled' || entry.state === 'finished' || entry.total === total) return entry;
      if (entry.total !== undefined)
        throw new FlowDcError(
          'FDC_ERR_SINK_PROTOCOL',
          `The job was sealed with ${entry.total} units, then with ${total}`,
        );
      return { ...entry, state: 'running', total };
    });
  }

  /** Errors: FDC_ERR_JOB_MISSING. */
  async status(): Promise<JobStatus> {
    const { link, names, job } = this.#options;
    const entry = await this.#state.refresh(LOOK_MS);
    if (entry === undefined) throw jobMissing(job);
    const committed = await this.#records.count({ giveUpMs: LOOK_MS });
    const { waiting, inFlight, redelivered } = await queueCounts(link, names, LOOK_MS);
    const { total } = entry;
    const published = total ?? committed + waiting + inFlight;
    return { state: stateOf(entry, committed), total, published, committed, inFlight, redelivered };
  }

  async markCancelled(reason: string): Promise<void> {
    await this.#state.update((entry) =>
      entry.state === 'cancelled' || entry.state === 'finished' ? entry : { ...entry, state: 'cancelled', reason },
    );
  }

  /**
   * Only after the entry says that the job is cancelled: workers that find the queue empty must know why. Not everybody
   * may purge; nobody delivers from it now.
   */
  async emptyQueue(): Promise<void> {
    const { link, names } = this.#options;
    const passes = (error: unknown): boolean => isGone(error) || isRefused(error);
    const purge = () => link.manager.streams.purge(names.unitStream);
    await link.ask('cannot empty the queue', purge, { passes }).catch((error: unknown) => {
      if (!passes(error)) throw error;
    });
  }

  /** Bring queue and records together again. */
  async repair(expected: Iterable<UnitId> | undefined): Promise<RepairResult> {
    const { link, names, ackWaitMs } = this.#options;
    const isDecided = async (unit: UnitId): Promise<boolean> => (await this.#records.record(unit)) !== undefined;
    const decided = () => this.#records.records();
    await this.#records.removeForeign();
    return repairQueue(link, names, { ackWaitMs, isDecided, decided, expected });
  }

  /** Every unit has its record: nothing is left to do for the queue. */
  async finish(): Promise<void> {
    await this.#state.update((entry) => (entry.state === 'finished' ? entry : { ...entry, state: 'finished' }));
    await deleteQueue(this.#options.link, this.#options.names);
  }

  /** Nothing of the job stays on the server. */
  async destroy(): Promise<void> {
    await this.#options.unregister();
    await deleteJobStreams(this.#options.link, this.#options.names);
  }
}
