/** The channel of a job on several machines: units in and out, records, and how others hear of this worker. */
import type { KV } from '@nats-io/kv';
import { FlowDcError } from '../../../errors.ts';
import type { Unit, UnitId, UnitRecord } from '../../../record.ts';
import { WaitList } from '../../../structures/wait-list.ts';
import type { ClusterChannel, JobDescription, JobOrders, RepairResult, WorkerStatus } from '../../cluster.ts';
import type { Delivery, JobStatus, RollForward } from '../../transport.ts';
import { AttemptCounts } from '../units/delivery.ts';
import { HeldUnits } from '../units/held-units.ts';
import { Publisher } from '../units/publisher.ts';
import { PullSource } from '../units/pull-source.ts';
import { UnitBodies } from '../units/unit-message.ts';
import { EndWatch } from './end-watch.ts';
import { JobControl, type JobControlOptions, LOOK_MS } from './job-control.ts';
import { type JobEntry, JobState } from './job-entry.ts';
import { JobOrderBook } from './job-orders.ts';
import { followRecords, RecordStore } from './record-store.ts';
import { WorkerBoard } from './worker-board.ts';

export interface NatsChannelOptions extends JobControlOptions {
  readonly done: KV;
  readonly state: KV;
  readonly rollForward: RollForward;
  readonly highWater: number;
  readonly replicas: number;
}

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
  readonly #control: JobControl;
  readonly #publisher: Publisher;
  readonly #pulls: PullSource;
  readonly #end: EndWatch;
  readonly #board: WorkerBoard;
  readonly #held: HeldUnits;
  readonly #orders: JobOrderBook;
  readonly #changed = new WaitList();
  readonly #cancelled = new AbortController();
  #closed: FlowDcError | undefined;

  constructor(options: NatsChannelOptions, state: JobState) {
    const { link, names, replicas } = options;
    this.id = options.job;
    this.#options = options;
    this.#state = state;
    this.#orders = new JobOrderBook(state);
    this.#records = new RecordStore(link, options.done, names.doneBucket, () => this.#assertWorthwhile());
    this.#control = new JobControl(options, state, this.#records);
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

  get leaseMs(): number {
    return this.#options.ackWaitMs;
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
    await this.#control.seal(total);
    this.#wake();
  }

  async next(signal?: AbortSignal): Promise<Delivery | undefined> {
    for (;;) {
      this.#assertOpen();
      signal?.throwIfAborted();
      // It may end while that is asked, and nobody who waits for a unit afterwards is told.
      if (this.#isEnded() || (await this.#end.isReached(signal)) || this.#isEnded()) return undefined;
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
    return this.#control.status();
  }

  async cancel(reason: string): Promise<void> {
    if (this.#closed !== undefined || this.#cancelled.signal.aborted) return;
    await this.#control.markCancelled(reason);
    this.onState(this.#state.entry);
    await this.#control.emptyQueue();
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
    return this.#control.repair(expected);
  }

  async finish(): Promise<void> {
    this.#assertOpen();
    await this.#control.finish();
  }

  async destroy(): Promise<void> {
    this.#assertOpen();
    // Workers must hear of the end before its place is gone: requests to a bucket that is not there are not answered.
    if (this.#state.entry.state !== 'finished') await this.cancel('the job is deleted');
    await this.#control.destroy();
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

  get orders(): JobOrders {
    return this.#orders.orders;
  }

  onOrders(listener: (orders: JobOrders) => void): () => void {
    return this.#orders.listen(listener);
  }

  async order(change: (orders: JobOrders) => JobOrders): Promise<void> {
    this.#assertUsable();
    await this.#orders.order(change);
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
    this.#orders.changed();
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
