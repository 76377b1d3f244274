/** What somebody said to all workers of a job, in its entry: everybody hears of it as of any other change there. */
import type { JobOrders } from '../../cluster.ts';
import type { JobEntry, JobState } from './job-entry.ts';

const NONE: JobOrders = { isPaused: false, hosts: [], ends: 0 };

export class JobOrderBook {
  readonly #state: JobState;
  readonly #listeners = new Set<(orders: JobOrders) => void>();
  #told = JSON.stringify(NONE);

  constructor(state: JobState) {
    this.#state = state;
  }

  get orders(): JobOrders {
    return ordersOf(this.#state.entry);
  }

  listen(listener: (orders: JobOrders) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The entry is another one. */
  changed(): void {
    const { orders } = this;
    const text = JSON.stringify(orders);
    if (text === this.#told) return;
    this.#told = text;
    for (const listener of this.#listeners) listener(orders);
  }

  /** Errors: FDC_ERR_JOB_MISSING, FDC_ERR_TRANSPORT_*. */
  async order(change: (orders: JobOrders) => JobOrders): Promise<void> {
    await this.#state.update((entry) => {
      const now = ordersOf(entry);
      const orders = change(now);
      return JSON.stringify(orders) === JSON.stringify(now) ? entry : { ...entry, orders };
    });
  }
}

function ordersOf({ orders = NONE }: JobEntry): JobOrders {
  return orders;
}
