/** What somebody said about a run while it goes on, kept for parts of it that begin later. */
import { type HostOrder, isEmptyOrder, MAX_ORDERS, tooManyOrders } from '../../host-limits.ts';

/** What can be steered: all threads of a process together. */
export interface Steered {
  readonly mostAtOnce: number;
  pause(isPaused: boolean): void;
  setHost(order: HostOrder): void;
}

export class Steering {
  readonly #orders = new Map<string, HostOrder>();
  #isPaused = false;
  #steered: Steered | undefined;

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Of a host, while something works. */
  get mostAtOnce(): number | undefined {
    return this.#steered?.mostAtOnce;
  }

  get orders(): readonly HostOrder[] {
    return [...this.#orders.values()];
  }

  /** It is as was said from its beginning on. */
  attach(steered: Steered): void {
    this.#steered = steered;
    for (const order of this.#orders.values()) steered.setHost(order);
    if (this.#isPaused) steered.pause(true);
  }

  detach(): void {
    this.#steered = undefined;
  }

  pause(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    this.#steered?.pause(isPaused);
  }

  /** @throws RangeError when there are too many */
  setHost(order: HostOrder): void {
    if (!this.#orders.has(order.host) && this.#orders.size >= MAX_ORDERS) throw tooManyOrders();
    if (isEmptyOrder(order)) this.#orders.delete(order.host);
    else this.#orders.set(order.host, order);
    this.#steered?.setHost(order);
  }
}
