/** The units that this process has in hand. */
import type { JsMsg } from '@nats-io/jetstream';
import type { UnitId } from '../../../record.ts';
import type { Delivery } from '../../transport.ts';
import { unitOfSubject } from '../connection/names.ts';
import { refused } from '../connection/refused.ts';
import type { ServerLink } from '../connection/server-link.ts';
import type { AttemptCounts } from './delivery.ts';
import { ACK, createDelivery, nakAnswer, TERM } from './delivery.ts';
import { UnitLease } from './unit-lease.ts';
import type { UnitBodies } from './unit-message.ts';

/** What this version does not know waits for a worker of another one; after so many deliveries it is nobody's. */
const UNKNOWN_MS = 10_000;
const MAX_UNKNOWN = 30;

export interface HeldUnitsOptions {
  readonly link: ServerLink;
  readonly leaseMs: number;
  readonly attempts: AttemptCounts;
  readonly bodies: UnitBodies;
  /** Roll a decided unit forward; false when it is not decided. */
  readonly settle: (unit: UnitId, signal: AbortSignal | undefined) => Promise<boolean>;
  readonly isDecided: (unit: UnitId) => Promise<boolean>;
  /** Throws when the job was cancelled or the channel closed meanwhile. */
  readonly assertWanted: () => void;
  readonly onSettled: () => void;
}

/** The units that this process has in hand, each under its lease. */
export class HeldUnits {
  readonly #options: HeldUnitsOptions;
  readonly #leases = new Set<UnitLease>();
  /** Committed here, not acknowledged yet: spares asking for their record. */
  readonly #committed = new Set<UnitId>();

  constructor(options: HeldUnitsOptions) {
    this.#options = options;
  }

  noteCommit(unit: UnitId): void {
    this.#committed.add(unit);
  }

  /**
   * A message to a delivery; undefined when the unit turns out to be decided, is not ours any more, or is none: then
   * the message goes, and whoever compares the queue with the manifest publishes the unit again.
   */
  async take(message: JsMsg, signal: AbortSignal | undefined): Promise<Delivery | undefined> {
    const unit = unitOfSubject(message.subject);
    if (unit === undefined) {
      refused(message.subject, 'names no unit: something else publishes there');
      message.term();
      return undefined;
    }
    const lease = new UnitLease(this.#options.link, message, unit, this.#options.leaseMs);
    this.#leases.add(lease);
    lease.signal.addEventListener('abort', () => this.#forget(lease, unit), { once: true });
    try {
      const delivery = await this.#prepare(message, unit, lease, signal);
      signal?.throwIfAborted();
      if (typeof delivery === 'object') return delivery;
      lease.end();
      await lease.settle(delivery ?? ACK);
      this.#forget(lease, unit);
      return undefined;
    } catch (error) {
      this.#forget(lease, unit);
      // The lease ended first: the unit is with somebody else, or nobody wants it any more.
      if (lease.isOver) return undefined;
      lease.end();
      await lease.settle(nakAnswer(0));
      throw error;
    }
  }

  /** Nobody wants these units any more. */
  abortAll(reason: Error): void {
    for (const lease of [...this.#leases]) lease.end(reason);
  }

  /** Give everything back: somebody else goes on within a millisecond, rather than when the leases expire. */
  async handBackAll(reason: Error): Promise<void> {
    const held = [...this.#leases];
    this.abortAll(reason);
    if (this.#options.link.isUp) await Promise.all(held.map((lease) => lease.settle(nakAnswer(0))));
  }

  /** @returns an answer for the server where there is nothing to deliver: none for a unit that is decided */
  async #prepare(
    message: JsMsg,
    unit: UnitId,
    lease: UnitLease,
    signal: AbortSignal | undefined,
  ): Promise<Delivery | string | undefined> {
    const { attempts, bodies, settle, assertWanted, onSettled } = this.#options;
    if (await settle(unit, signal)) return undefined;
    const attempt = message.info.deliveryCount;
    const body = await bodies.unpack(unit, message.data, lease.signal);
    if ('why' in body) {
      refused(message.subject, body.why);
      return body.isUnknown && attempt < MAX_UNKNOWN ? nakAnswer(UNKNOWN_MS) : TERM;
    }
    const { errors, isSuspect } = await attempts.begin(unit, lease.signal);
    assertWanted();
    lease.signal.throwIfAborted();
    const settled = (): void => {
      this.#forget(lease, unit);
      onSettled();
    };
    const isDecided = async (): Promise<boolean> => this.#committed.has(unit) || this.#options.isDecided(unit);
    return createDelivery({ unit: body, attempt, errors, isSuspect, lease, attempts, isDecided, onSettled: settled });
  }

  #forget(lease: UnitLease, unit: UnitId): void {
    this.#leases.delete(lease);
    this.#committed.delete(unit);
  }
}
