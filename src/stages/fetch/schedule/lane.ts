/** Everything about one host while it has rows: its queue, its gate, its breaker. */
import { Fifo } from '../../../structures/fifo.ts';
import type { Gate } from './gate.ts';
import type { HostBreaker } from './host-breaker.ts';

export class Lane<Work> {
  readonly host: string;
  readonly gate: Gate;
  readonly breaker: HostBreaker;
  readonly queue = new Fifo<Work>();
  /** What is in flight, with what ends it; false when it has ended already. */
  readonly running = new Map<Work, () => boolean>();
  /** In the ring of lanes that may send now. */
  isReady = false;
  /** When the agenda will look at this lane next; Infinity for never. */
  wakeAtMs = Number.POSITIVE_INFINITY;
  /** Since when the queue has not been empty; meaningless while it is. */
  waitingSinceMs = 0;
  /** Retries that wait for their time outside the queue. */
  delayed = 0;

  constructor(host: string, gate: Gate, breaker: HostBreaker) {
    this.host = host;
    this.gate = gate;
    this.breaker = breaker;
  }

  get isIdle(): boolean {
    return this.queue.size === 0 && this.delayed === 0 && this.gate.inFlight === 0;
  }
}
