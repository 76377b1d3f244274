/** The channel of a job on several machines. */
import type { KV } from '@nats-io/kv';
import { FlowDcError } from '../../../errors.ts';
import type { Unit, UnitId, UnitRecord } from '../../../record.ts';
import { WaitList } from '../../../structures/wait-list.ts';
import type { ClusterChannel, JobDescription, RepairResult, WorkerStatus } from '../../cluster.ts';
import type { Delivery, JobStatus, RollForward } from '../../transport.ts';
import type { Link } from '../connection/link.ts';
import type { JobNames } from '../connection/names.ts';
import { isGone, isRefused } from '../connection/nats-error.ts';
import { AttemptCounts } from '../units/attempt-counts.ts';
import { HeldUnits } from '../units/held-units.ts';
import { Publisher } from '../units/publisher.ts';
import { PullSource } from '../units/pull-source.ts';
import { queueCounts } from '../units/queue-counts.ts';
import { UnitBodies } from '../units/unit-bodies.ts';
import { EndWatch } from './end-watch.ts';
import { followRecords } from './follow-records.ts';
import type { JobEntry } from './job-entry.ts';
import { JobState, jobMissing } from './job-state.ts';
import { deleteJobStreams, deleteQueue } from './job-streams.ts';
import { RecordStore } from './record-store.ts';
import { repairQueue } from './repair.ts';
import { WorkerBoard } from './worker-board.ts';

export interface NatsChannelOptions {
  readonly link: Link;
  readonly job: string;
  readonly names: JobNames;
  readonly done: KV;
  readonly state: KV;
  readonly rollForward: RollForward;
  readonly highWater: number;
  readonly replicas: number;
  /** The consumer's, so that all workers of a job agree. */
  readonly ackWaitMs: number;
  /** Remove the job's entry from the list of jobs. */
  readonly unregister: () => Promise<void>;
}

/** A look at the server that somebody waits for in front of a screen. */
const LOOK_MS = 10_000;

/** Open a job that is there. Errors: FDC_ERR_JOB_MISSING. */
export async function openNatsChannel(options: NatsChannelOptions): Promise<ClusterChannel> {
  let channel: NatsChannel | undefined;
  const state = await JobState.open(options.link, options.state, options.job, (entry) => channel?.onState(entry));
  channel = new NatsChannel(options, state);
  channel.onState(state.entry);
  return channel;
}

class NatsChannel implements ClusterChannel {
  readonly id: string;
  readonly #options: NatsChannelOptions;
  readonly #state: JobState;
  readonly #records: RecordStore;
  readonly #publisher: Publisher;
  readonly #pulls: PullSource;
  readonly #end: EndWatch;
  readonly #board: WorkerBoard;
  readonly #held: HeldUnits;
  readonly #changed = new WaitList();
  readonly #cancelled = new AbortController();
  #closed: FlowDcError | undefined;

  constructor(options: NatsChannelOptions, state: JobState) {
    const { link, names, replicas } = options;
    this.id = options.job;
    this.#options = options;
    this.#state = state;
    this.#records = new RecordStore(link, options.done, () => this.#assertWorthwhile());
    const bodies = new UnitBodies(link, names, replicas);
    this.#publisher = new Publisher(link, names, bodies, {
      highWater: options.highWater,
      settle: (unit, signal) => this.#settleDecided(unit, signal),
      assertUsable: () => this.#assertUsable(),
      wait: (signal) => this.#waitForChange(signal),
    });
    this.#held = new HeldUnits({
      link,
      leaseMs: options.ackWaitMs,
      attempts: new AttemptCounts(link, options.state),
      bodies,
      settle: (unit, signal) => this.#settleDecided(unit, signal),
      isDecided: async (unit) => (await this.#records.record(unit)) !== undefined,
      assertWanted: () => this.#assertUsable(),
      onSettled: () => {
        this.#changed.wakeAll();
        this.#end.kick();
      },
    });
    this.#pulls = new PullSource(link, names, async () => void (await this.#state.refresh()));
    const counts = {
      link,
      names,
      records: this.#records,
      total: () => this.#state.entry.total,
      graceMs: options.ackWaitMs + LOOK_MS,
    };
    this.#end = new EndWatch(counts, this.#pulls);
    this.#board = new WorkerBoard(link, options.state, names.stateBucket);
  }

  get description(): JobDescription {
    return this.#state.entry.description;
  }

  get cancelled(): AbortSignal {
    return this.#cancelled.signal;
  }

  async publish(unit: Unit, signal?: AbortSignal): Promise<void> {
    this.#assertUsable();
    await this.#publisher.publish(unit, signal);
  }

  async seal(total: number): Promise<void> {
    if (!Number.isSafeInteger(total) || total < 0) throw new RangeError(`Expected the number of units, got ${total}`);
    this.#assertUsable();
    const recorded = await this.#records.count();
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
    this.#wake();
  }

  async next(signal?: AbortSignal): Promise<Delivery | undefined> {
    for (;;) {
      this.#assertOpen();
      signal?.throwIfAborted();
      if (this.#isEnded() || (await this.#end.isReached(signal))) return undefined;
      this.#assertOpen();
      const message = await this.#end.whileWaiting(() => this.#pulls.take(signal));
      if (message === undefined) continue;
      const delivery = await this.#held.take(message, signal);
      if (delivery !== undefined) return delivery;
    }
  }

  async record(unit: UnitId): Promise<UnitRecord | undefined> {
    this.#assertOpen();
    return this.#records.record(unit);
  }

  async commit(record: UnitRecord): Promise<{ readonly won: boolean; readonly record: UnitRecord }> {
    this.#assertOpen();
    const commit = await this.#records.commit(record);
    this.#held.noteCommit(record.unit);
    this.#changed.wakeAll();
    return commit;
  }

  records(): AsyncIterable<UnitRecord> {
    this.#assertOpen();
    return this.#records.records();
  }

  follow(signal: AbortSignal): AsyncIterable<UnitRecord> {
    this.#assertOpen();
    return followRecords({
      records: this.#records,
      changed: this.#changed,
      isOver: (seen) => this.#closed !== undefined || this.#isEnded() || seen === this.#state.entry.total,
      signal,
    });
  }

  async status(): Promise<JobStatus> {
    this.#assertOpen();
    const entry = await this.#state.refresh(LOOK_MS);
    if (entry === undefined) throw jobMissing(this.id);
    const committed = await this.#records.count({ giveUpMs: LOOK_MS });
    const { link, names } = this.#options;
    const { waiting, inFlight, redelivered } = await queueCounts(link, names, LOOK_MS);
    const { total } = entry;
    const isDone = entry.state === 'finished' || (total !== undefined && committed >= total);
    return {
      state:
        entry.state === 'cancelled' ? 'cancelled' : isDone ? 'sealed' : total === undefined ? 'publishing' : 'running',
      ...(total === undefined ? {} : { total }),
      published: total ?? committed + waiting + inFlight,
      committed,
      inFlight,
      redelivered,
    };
  }

  async cancel(reason: string): Promise<void> {
    if (this.#closed !== undefined || this.#cancelled.signal.aborted) return;
    await this.#state.update((entry) =>
      entry.state === 'cancelled' || entry.state === 'finished' ? entry : { ...entry, state: 'cancelled', reason },
    );
    this.onState(this.#state.entry);
    const { link, names } = this.#options;
    // After the entry says so: workers that find the queue empty must know why. Not everybody may purge; nobody
    // delivers from it now.
    const purge = () => link.manager.streams.purge(names.unitStream);
    await link
      .ask('cannot empty the queue', purge, { passes: (error) => isGone(error) || isRefused(error) })
      .catch((error: unknown) => {
        if (!isGone(error) && !isRefused(error)) throw error;
      });
  }

  heartbeat(status: WorkerStatus): void {
    if (this.#closed === undefined) this.#board.post(status);
  }

  async workers(): Promise<readonly WorkerStatus[]> {
    this.#assertOpen();
    return this.#board.read();
  }

  async repair(expected?: Iterable<UnitId>): Promise<RepairResult> {
    this.#assertUsable();
    const { link, names, ackWaitMs } = this.#options;
    const isDecided = async (unit: UnitId): Promise<boolean> => (await this.#records.record(unit)) !== undefined;
    const decided = () => this.#records.records();
    return repairQueue(link, names, { ackWaitMs, isDecided, decided, ...(expected === undefined ? {} : { expected }) });
  }

  async finish(): Promise<void> {
    this.#assertOpen();
    await this.#state.update((entry) => (entry.state === 'finished' ? entry : { ...entry, state: 'finished' }));
    await deleteQueue(this.#options.link, this.#options.names);
  }

  async destroy(): Promise<void> {
    this.#assertOpen();
    // Workers must hear of the end before its place is gone: requests to a bucket that is not there are not answered.
    if (this.#state.entry.state !== 'finished') await this.cancel('the job is deleted');
    await this.#options.unregister();
    await deleteJobStreams(this.#options.link, this.#options.names);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed !== undefined) return;
    this.#closed = new FlowDcError(
      'FDC_ERR_TRANSPORT_CLOSED',
      'The transport is closed; open another channel to go on',
    );
    this.#state.close();
    this.#end.close();
    this.#pulls.close();
    this.#changed.wakeAll();
    await this.#held.handBackAll(this.#closed);
  }

  /** What the server says about the job; called with undefined when it is gone. */
  onState(entry: JobEntry | undefined): void {
    if (entry === undefined || entry.state === 'cancelled') {
      const why =
        entry === undefined ? 'The job was deleted' : `The job was cancelled: ${entry.reason ?? 'no reason given'}`;
      const reason = new FlowDcError('FDC_ERR_TRANSPORT_CLOSED', why);
      this.#held.abortAll(reason);
      this.#cancelled.abort(reason);
    }
    this.#wake();
  }

  /** Roll a decided unit forward. @returns whether it was decided */
  async #settleDecided(unit: UnitId, signal: AbortSignal | undefined): Promise<boolean> {
    const record = await this.#records.record(unit, signal);
    if (record === undefined) return false;
    await this.#options.rollForward(record);
    return true;
  }

  /** Cancelled, deleted or finished: no unit is worth taking. */
  #isEnded(): boolean {
    return this.#cancelled.signal.aborted || this.#state.entry.state === 'finished';
  }

  #wake(): void {
    this.#changed.wakeAll();
    this.#pulls.wake();
  }

  /** A publisher at the high-water mark: other workers' progress is not heard, so it looks again now and then. */
  async #waitForChange(signal: AbortSignal | undefined): Promise<void> {
    const stop = new AbortController();
    const cancel = this.#options.link.clock.timer(250, () => stop.abort());
    const both = signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]);
    await this.#changed.wait(both).catch(() => {});
    cancel();
    signal?.throwIfAborted();
  }

  async #assertWorthwhile(): Promise<void> {
    this.#assertOpen();
    if (!this.#options.link.isUp) return;
    const look = await this.#state.refresh(0).catch(() => this.#state.entry);
    if (look === undefined || look.state === 'cancelled') throw this.#cancelled.signal.reason;
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw this.#closed;
  }

  #assertUsable(): void {
    this.#assertOpen();
    if (this.#cancelled.signal.aborted) throw this.#cancelled.signal.reason;
  }
}
