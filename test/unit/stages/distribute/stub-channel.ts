import type { Unit } from '../../../../src/record.ts';
import type { Delivery, JobChannel } from '../../../../src/transport/transport.ts';

/** The queue side of a channel, in the hands of the test: what `next` waits for is answered with `deliver`. */
export class HandChannel {
  readonly published: Unit[] = [];
  readonly naks: string[] = [];
  sealed: number | undefined;
  asked = 0;
  /** Publishing waits for this. */
  room: Promise<void> = Promise.resolve();
  #waiting: { resolve: (delivery: Delivery | undefined) => void; reject: (error: Error) => void } | undefined;

  async publish(unit: Unit): Promise<void> {
    await this.room;
    this.published.push(unit);
  }

  async seal(total: number): Promise<void> {
    this.sealed = total;
  }

  next(signal?: AbortSignal): Promise<Delivery | undefined> {
    this.asked += 1;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  deliver(delivery: Delivery | undefined): void {
    const waiting = this.#waiting;
    if (waiting === undefined) throw new Error('nobody waits for a delivery');
    this.#waiting = undefined;
    waiting.resolve(delivery);
  }

  fail(error: Error): void {
    this.#waiting?.reject(error);
  }

  deliveryOf(unit: Unit): Delivery {
    const nak = async (): Promise<void> => void this.naks.push(unit.id);
    return {
      unit,
      attempt: 1,
      errors: 0,
      signal: new AbortController().signal,
      ack: async () => {},
      nak,
      fail: async () => {},
    };
  }

  get asChannel(): JobChannel {
    return this as unknown as JobChannel;
  }
}
