/** Everything about one host while it has rows: its queue, its gate, its breaker. */
import { Fifo } from '../../../structures/fifo.ts';
import type { Gate } from './gate.ts';
import type { PausePatience } from './pause-patience.ts';

export class Lane<Work> {
  readonly host: string;
  readonly gate: Gate;
  readonly breaker: HostBreaker;
  readonly patience: PausePatience;
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
  /** Retries that wait for their time outside the queue. */
  delayed = 0;

  constructor(host: string, gate: Gate, breaker: HostBreaker, patience: PausePatience) {
    this.host = host;
    this.gate = gate;
    this.breaker = breaker;
    this.patience = patience;
  }

  get isIdle(): boolean {
    return this.queue.size === 0 && this.delayed === 0 && this.gate.inFlight === 0;
  }
}

/** When a host is given up for now, so that its rows do not each wait out their time limits. Pure; times in ms. */
export interface BreakerOptions {
  /** Failures in a row, without a single reply, before the host counts as down. */
  readonly failures: number;
  /** Least time over which those failures must spread. */
  readonly spanMs: number;
  /** While down, one row is let through this often. */
  readonly probeMs: number;
}

export class HostBreaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #firstFailureMs = 0;
  #probeAtMs = Number.POSITIVE_INFINITY;
  #hasReplied = false;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** Whether there was ever a reply. */
  get hasReplied(): boolean {
    return this.#hasReplied;
  }

  /** Any reply at all, even an error status, shows that the host lives. */
  onReply(): void {
    this.#hasReplied = true;
    this.#failures = 0;
    this.#probeAtMs = Number.POSITIVE_INFINITY;
  }

  onFailure(nowMs: number): void {
    if (this.#failures === 0) this.#firstFailureMs = nowMs;
    this.#failures += 1;
    const isDown = this.#failures >= this.#options.failures && nowMs - this.#firstFailureMs >= this.#options.spanMs;
    if (isDown && this.#probeAtMs === Number.POSITIVE_INFINITY) this.#probeAtMs = nowMs + this.#options.probeMs;
  }

  /** Whether a row may go now; a probe that is let through books the next one. */
  admits(nowMs: number): boolean {
    if (this.#probeAtMs === Number.POSITIVE_INFINITY) return true;
    if (nowMs < this.#probeAtMs) return false;
    this.#probeAtMs = nowMs + this.#options.probeMs;
    return true;
  }
}
