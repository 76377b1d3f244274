/** What was said to all workers of a job and to this one alone, brought together for what works here. */
import { type HostOrder, isEmptyOrder } from '../host-limits.ts';
import type { WorkForce } from '../threads/force.ts';
import type { ClusterChannel, JobOrders } from '../transport/cluster.ts';

type Obedient = Pick<WorkForce, 'pause' | 'setHost'>;

/** Paused while anybody says so; what was said here of a host wins. */
export class OrderedForce implements Obedient {
  readonly #force: Obedient;
  readonly #onEnd: () => void;
  readonly #own = new Map<string, HostOrder>();
  readonly #unlisten: () => void;
  readonly #endsBefore: number;
  #job: JobOrders = { isPaused: false, hosts: [], ends: 0 };
  #isPaused = false;

  /** @param onEnd - all workers of the job were told to end */
  constructor(force: Obedient, channel: Pick<ClusterChannel, 'orders' | 'onOrders'>, onEnd: () => void) {
    this.#force = force;
    this.#onEnd = onEnd;
    this.#endsBefore = channel.orders.ends;
    this.#unlisten = channel.onOrders((orders) => this.#hear(orders));
    this.#hear(channel.orders);
  }

  /** How all workers of the job go on, in words; undefined where they are not paused. */
  get pausedElsewhere(): string | undefined {
    return this.#job.isPaused ? 'all workers of the job are paused: they go on at its own page' : undefined;
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#force.pause(isPaused || this.#job.isPaused);
  }

  setHost(order: HostOrder): void {
    const { host } = order;
    if (!isEmptyOrder(order)) this.#own.set(host, order);
    else this.#own.delete(host);
    // What is not said here any more is as all workers were told.
    const ofJob = this.#job.hosts.find((other) => other.host === host);
    this.#force.setHost(isEmptyOrder(order) ? (ofJob ?? order) : order);
  }

  close(): void {
    this.#unlisten();
  }

  #hear(orders: JobOrders): void {
    const before = new Map(this.#job.hosts.map((order) => [order.host, order]));
    this.#job = orders;
    for (const order of orders.hosts) {
      before.delete(order.host);
      if (!this.#own.has(order.host)) this.#force.setHost(order);
    }
    // What is not said any more is as the configuration says.
    for (const host of before.keys()) if (!this.#own.has(host)) this.#force.setHost({ host });
    this.#force.pause(this.#isPaused || orders.isPaused);
    if (orders.ends > this.#endsBefore) this.#onEnd();
  }
}

/** Who sees nothing done must know why. @param say - gets a line for people @returns ends it */
export function tellPauses(
  channel: Pick<ClusterChannel, 'orders' | 'onOrders'>,
  say: (line: string) => void,
): () => void {
  let wasPaused = false;
  const hear = ({ isPaused }: JobOrders): void => {
    if (isPaused === wasPaused) return;
    wasPaused = isPaused;
    say(
      isPaused
        ? 'the job is paused: its workers send nothing until somebody goes on at its live page'
        : 'the job goes on',
    );
  };
  hear(channel.orders);
  return channel.onOrders(hear);
}
