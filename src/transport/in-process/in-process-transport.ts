/**
 * The distributor of one process: a bounded queue with the rules of the networked form. A unit leaves it only when it
 * has a record; an ack without one, an expired lease or a thrown error brings it back.
 */
import type { Clock } from '../../clock.ts';
import { FlowDcError } from '../../errors.ts';
import type { LocalCommit, LocalCommitter } from '../../job/local-committer.ts';
import type { Unit, UnitId, UnitRecord } from '../../record.ts';
import { WaitList } from '../../structures/wait-list.ts';
import type { Delivery, JobChannel, JobStatus, RollForward } from '../transport.ts';
import { RecordLedger } from './record-ledger.ts';
import { type Lease, type QueuedUnit, UnitQueue } from './unit-queue.ts';

export interface InProcessOptions {
  readonly committer: LocalCommitter;
  readonly clock: Clock;
  /**
   * Called for every unit that turns out to be decided: on resume, and after a worker died between commit and rename.
   */
  readonly rollForward: RollForward;
  /** Units that may wait for a worker before `publish` waits. */
  readonly highWater?: number | undefined;
}

/** A JobChannel that can also lose a lease on demand, which in one process happens only in tests. */
export interface InProcessChannel extends JobChannel {
  /** Units that nobody has taken yet. */
  readonly waiting: number;
  commit(record: UnitRecord): Promise<LocalCommit>;
  /** Take a unit away from its holder and queue it again, as a network does with a worker that went silent. */
  expireLease(unit: UnitId): void;
}

/**
 * Enough that a worker never waits for the partitioner, few enough that 4 x 10,000 rows are a small part of memory.
 * Chosen, untested.
 */
const DEFAULT_HIGH_WATER = 4;

/** Threads that ended with a unit count as its errors. */
const SUSPECT_ERRORS = 2;

/** Open a job's queue over its records. Throws RangeError on a limit below 1. */
export function createInProcessChannel(options: InProcessOptions): InProcessChannel {
  return new BoundedChannel(options);
}

class BoundedChannel implements InProcessChannel {
  readonly #committer: LocalCommitter;
  readonly #ledger: RecordLedger;
  readonly #rollForward: RollForward;
  readonly #highWater: number;
  readonly #queue: UnitQueue;
  readonly #changed = new WaitList();
  #redelivered = 0;
  #cancelled: FlowDcError | undefined;
  #closed: FlowDcError | undefined;

  constructor(options: InProcessOptions) {
    this.#committer = options.committer;
    this.#ledger = new RecordLedger(options.committer);
    this.#rollForward = options.rollForward;
    this.#highWater = atLeastOne('highWater', options.highWater ?? DEFAULT_HIGH_WATER);
    this.#queue = new UnitQueue(options.clock, () => this.#changed.wakeAll());
  }

  get waiting(): number {
    return this.#queue.waiting;
  }

  async publish(unit: Unit, signal?: AbortSignal): Promise<void> {
    this.#assertUsable();
    if (this.#ledger.total !== undefined)
      throw new FlowDcError('FDC_ERR_SINK_PROTOCOL', `Unit ${unit.id} was published after the job was sealed`);
    await this.#ledger.open();
    if (this.#queue.get(unit.id) !== undefined) return;
    await this.#ledger.refuseOtherCut(unit.id);
    if (await this.#settleDecided(unit.id)) return;
    for (;;) {
      this.#assertUsable();
      signal?.throwIfAborted();
      if (this.#queue.get(unit.id) !== undefined) return;
      if (this.#queue.waiting < this.#highWater) return this.#queue.add(unit);
      await this.#changed.wait(signal);
    }
  }

  async seal(total: number): Promise<void> {
    this.#assertUsable();
    await this.#ledger.open();
    this.#ledger.seal(total);
    this.#changed.wakeAll();
  }

  async next(signal?: AbortSignal): Promise<Delivery | undefined> {
    this.#assertOpen();
    await this.#ledger.open();
    for (;;) {
      this.#assertOpen();
      signal?.throwIfAborted();
      if (this.#cancelled !== undefined) return undefined;
      const queued = this.#queue.take();
      if (queued !== undefined) {
        const delivery = await this.#deliver(queued, signal);
        if (delivery !== undefined) return delivery;
      } else if (this.#isDone()) {
        return undefined;
      } else if (this.#ledger.total !== undefined && this.#queue.size === 0) {
        await this.#ledger.reconcile();
      } else {
        await this.#changed.wait(signal);
      }
    }
  }

  async record(unit: UnitId): Promise<UnitRecord | undefined> {
    this.#assertOpen();
    return this.#committer.record(unit);
  }

  async commit(record: UnitRecord): Promise<LocalCommit> {
    this.#assertOpen();
    await this.#ledger.open();
    const commit = await this.#ledger.commit(record);
    const queued = this.#queue.get(record.unit);
    if (queued !== undefined) queued.decided = true;
    this.#changed.wakeAll();
    return commit;
  }

  records(): AsyncIterable<UnitRecord> {
    this.#assertOpen();
    return this.#committer.records();
  }

  async status(): Promise<JobStatus> {
    await this.#ledger.open();
    const { committed, total } = this.#ledger;
    return {
      state: this.#state(),
      total,
      // Derived, so that no ids of finished units have to be remembered: a unit is recorded or still here.
      published: committed + this.#queue.undecided,
      committed,
      inFlight: this.#queue.inFlight,
      redelivered: this.#redelivered,
    };
  }

  async cancel(reason: string): Promise<void> {
    if (this.#cancelled !== undefined || this.#closed !== undefined) return;
    this.#cancelled = new FlowDcError('FDC_ERR_TRANSPORT_CLOSED', `The job was cancelled: ${reason}`);
    this.#queue.clear(this.#cancelled);
    this.#changed.wakeAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed !== undefined) return;
    this.#closed = new FlowDcError(
      'FDC_ERR_TRANSPORT_CLOSED',
      'The transport is closed; open another channel to go on',
    );
    this.#queue.clear(this.#closed);
    this.#changed.wakeAll();
  }

  expireLease(unit: UnitId): void {
    const queued = this.#queue.get(unit);
    const lease = queued?.lease;
    if (queued === undefined || lease === undefined) throw new RangeError(`Unit ${unit} is not held by anybody`);
    this.#queue.requeue(queued, 0);
    lease.controller.abort(
      new FlowDcError('FDC_ERR_UNIT_FAILED', `The lease on unit ${unit} ended; somebody else may work on it`),
    );
  }

  async #deliver(queued: QueuedUnit, signal: AbortSignal | undefined): Promise<Delivery | undefined> {
    try {
      if (await this.#settleDecided(queued.unit.id)) {
        this.#queue.remove(queued);
        this.#changed.wakeAll();
        return undefined;
      }
      signal?.throwIfAborted();
    } catch (error) {
      this.#queue.putBack(queued);
      throw error;
    }
    // Cancelled or closed meanwhile: the caller's loop finds out.
    if (!this.#queue.holds(queued)) return undefined;
    const lease = this.#queue.lease(queued);
    if (queued.deliveries > 1) this.#redelivered++;
    this.#changed.wakeAll();
    return {
      unit: queued.unit,
      attempt: queued.deliveries,
      errors: queued.errors,
      isSuspect: queued.errors >= SUSPECT_ERRORS,
      signal: lease.controller.signal,
      ack: () => this.#ack(queued, lease),
      nak: (delayMs = 0) => this.#nak(queued, lease, delayMs),
      fail: () => this.#fail(queued, lease),
    };
  }

  async #ack(queued: QueuedUnit, lease: Lease): Promise<void> {
    if (queued.lease !== lease) return;
    const record = await this.#committer.record(queued.unit.id);
    if (queued.lease !== lease) return;
    if (record === undefined) this.#queue.requeue(queued, 0);
    else this.#queue.remove(queued);
    this.#changed.wakeAll();
  }

  async #nak(queued: QueuedUnit, lease: Lease, delayMs: number): Promise<void> {
    if (!(delayMs >= 0 && delayMs < Number.POSITIVE_INFINITY))
      throw new RangeError(`Expected a delay in milliseconds, got ${delayMs}`);
    // Whole milliseconds, because networked queues ignore fractional delays.
    if (queued.lease === lease) this.#queue.requeue(queued, Math.round(delayMs));
  }

  async #fail(queued: QueuedUnit, lease: Lease): Promise<void> {
    // Whoever lost the lease throws because of that: not the unit's fault.
    if (queued.lease !== lease) return;
    queued.errors++;
    this.#queue.requeue(queued, 0);
  }

  /** Roll a decided unit forward. @returns whether it was decided */
  async #settleDecided(unit: UnitId): Promise<boolean> {
    const record = await this.#committer.record(unit);
    if (record === undefined) return false;
    await this.#rollForward(record);
    return true;
  }

  /** Every unit has a record, and none waits for its roll-forward. */
  #isDone(): boolean {
    return this.#ledger.isComplete && this.#queue.waiting === 0 && this.#queue.undecided === 0;
  }

  #state(): JobStatus['state'] {
    if (this.#cancelled !== undefined) return 'cancelled';
    if (this.#ledger.total === undefined) return 'publishing';
    return this.#isDone() ? 'sealed' : 'running';
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw this.#closed;
  }

  #assertUsable(): void {
    this.#assertOpen();
    if (this.#cancelled !== undefined) throw this.#cancelled;
  }
}

function atLeastOne(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`Expected ${name} of 1 or more, got ${value}`);
  return value;
}
