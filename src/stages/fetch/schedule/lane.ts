/** Everything about one host while it has rows: its queue, its gate, its breaker. */
import { Fifo } from '../../../structures/fifo.ts';
import { DoorWatch } from './door-watch.ts';
import type { Gate } from './gate.ts';
import type { HostBreaker, Refusal } from './host-breaker.ts';
import type { PausePatience } from './pause-patience.ts';

export class Lane<Work> {
  readonly host: string;
  readonly gate: Gate;
  readonly breaker: HostBreaker;
  readonly patience: PausePatience;
  readonly refusals: DoorWatch;
  readonly queue = new Fifo<Work>();
  /** What is in flight. */
  readonly running = new Set<{ readonly work: Work; stop(): boolean }>();
  /** The line in which it waits for its turn; undefined for none. */
  place: 'warm' | 'ring' | 'unopened' | undefined;
  /** When the last connection to the host was begun. */
  openedAtMs = Number.NEGATIVE_INFINITY;
  /** Whether its next row has to open a connection; meaningless outside its turn. */
  isOpening = false;
  /** When the agenda will look at this lane next; Infinity for never. */
  wakeAtMs = Number.POSITIVE_INFINITY;
  /** Since when the queue has not been empty; meaningless while it is. */
  waitingSinceMs = 0;
  /** Somebody said to leave its rows out. */
  isSkipped = false;
  /** Retries that wait for their time outside the queue. */
  delayed = 0;

  constructor(host: string, gate: Gate, breaker: HostBreaker, patience: PausePatience) {
    this.refusals = new DoorWatch(gate.limit);
    this.host = host;
    this.gate = gate;
    this.breaker = breaker;
    this.patience = patience;
  }

  /** Why its next row is not tried at all, if so. */
  refusal(nowMs: number): Refusal | undefined {
    if (this.isSkipped) return 'host_skipped';
    return this.patience.isOver(nowMs) ? 'host_paused' : undefined;
  }

  /** A limit that wants to think at once does so a moment later, or one that always does would hang us. */
  tickMs(nowMs: number): number {
    return Math.max(this.gate.limit.nextTickMs, nowMs + 1);
  }

  get isIdle(): boolean {
    return this.queue.size === 0 && this.delayed === 0 && this.gate.inFlight === 0;
  }
}
