/** The units in the hands of this worker: what a heartbeat tells, and what is handed back when the worker leaves. */
import type { Clock } from '../clock.ts';
import type { UnitId } from '../record.ts';
import type { Delivery, JobChannel } from '../transport/transport.ts';

export class OpenDeliveries {
  readonly #channel: Pick<JobChannel, 'next'>;
  readonly #clock: Clock;
  readonly #open = new Set<Delivery>();
  #idleSinceMs: number;
  #taken = 0;

  constructor(channel: Pick<JobChannel, 'next'>, clock: Clock) {
    this.#channel = channel;
    this.#clock = clock;
    this.#idleSinceMs = clock.nowMs();
  }

  get units(): UnitId[] {
    return [...this.#open].map(({ unit }) => unit.id);
  }

  /** So far. */
  get taken(): number {
    return this.#taken;
  }

  /** How long there has been nothing to work on. */
  get idleMs(): number {
    return this.#open.size > 0 ? 0 : this.#clock.nowMs() - this.#idleSinceMs;
  }

  /** As the channel's, with the delivery noted until it is settled one way or the other. */
  async next(signal?: AbortSignal): Promise<Delivery | undefined> {
    const delivery = await this.#channel.next(signal);
    if (delivery === undefined) return undefined;
    this.#taken += 1;
    this.#open.add(delivery);
    delivery.signal.addEventListener('abort', () => this.#close(delivery), { once: true });
    const settle = async (settling: Promise<void>): Promise<void> => {
      await settling;
      this.#close(delivery);
    };
    return {
      unit: delivery.unit,
      attempt: delivery.attempt,
      errors: delivery.errors,
      signal: delivery.signal,
      ack: () => settle(delivery.ack()),
      nak: (delayMs) => settle(delivery.nak(delayMs)),
      fail: (error) => settle(delivery.fail(error)),
    };
  }

  /** Hand back what is still open, to be delivered elsewhere at once. @returns how many */
  async giveBack(): Promise<number> {
    const open = [...this.#open];
    await Promise.all(open.map((delivery) => delivery.nak(0).catch(() => {})));
    this.#open.clear();
    return open.length;
  }

  #close(delivery: Delivery): void {
    if (!this.#open.delete(delivery) || this.#open.size > 0) return;
    this.#idleSinceMs = this.#clock.nowMs();
  }
}
