/** The worker's side of a shared budget. */
import type { Limit, Load, Outcome, SendToken, Transition } from './limit.ts';
import type { Share, WorkerEvent, WorkerReport } from './share.ts';

/** A worker reports so often, and at once after a refusal. Source: scenario runs with a message delay of 20 ms. */
const reportMs = 250;
/** Until it has a share a worker sends nothing. */
const noShare: Share = { permits: 0, spacingMs: 0, phase: 0, pauseUntilMs: 0 };

/**
 * The worker's side of a shared budget: obeys its share, keeps a diary for the coordinator, and pauses by itself when
 * it is told to by the host, because a Retry-After must not wait for a message.
 */
export class ShareLimit implements Limit {
  readonly #worker: string;
  #share = noShare;
  #slotMs = 0;
  #pauseUntilMs = 0;
  #nextId = 0;
  #events: WorkerEvent[] = [];
  #nextReportMs: number;
  #load: Load | undefined;

  constructor(worker: string, startMs: number) {
    this.#worker = worker;
    this.#nextReportMs = startMs + reportMs;
  }

  get permits(): number {
    return this.#share.permits;
  }
  get spacingMs(): number {
    return this.#share.spacingMs;
  }
  get pauseUntilMs(): number {
    return Math.max(this.#pauseUntilMs, this.#slotMs);
  }
  get nextTickMs(): number {
    return this.#nextReportMs;
  }

  /** A new share is in force. Its first send waits for this worker's place in the common rhythm. */
  apply(share: Share, nowMs: number): void {
    const changed = share.spacingMs !== this.#share.spacingMs || share.phase !== this.#share.phase;
    this.#share = share;
    this.#pauseUntilMs = Math.max(this.#pauseUntilMs, share.pauseUntilMs);
    if (!changed || share.spacingMs === 0) return;
    const fromMs = Math.max(nowMs, this.#pauseUntilMs);
    const offsetMs = share.phase * share.spacingMs;
    this.#slotMs = Math.ceil((fromMs - offsetMs) / share.spacingMs) * share.spacingMs + offsetMs;
  }

  onSend(nowMs: number): SendToken {
    const id = this.#nextId++;
    this.#events.push({ kind: 'send', atMs: nowMs, id });
    return id;
  }

  onResult(token: SendToken, outcome: Outcome, nowMs: number): void {
    this.#events.push({ kind: 'result', atMs: nowMs, id: token, outcome });
    if (outcome.kind !== 'rate' && outcome.kind !== 'overload') return;
    this.#nextReportMs = nowMs;
    if (outcome.retryAfterMs !== undefined)
      this.#pauseUntilMs = Math.max(this.#pauseUntilMs, nowMs + outcome.retryAfterMs);
  }

  tick(nowMs: number, load: Load): Transition | undefined {
    this.#load = load;
    if (nowMs >= this.#nextReportMs) this.#nextReportMs = nowMs + reportMs;
    return undefined;
  }

  /** Everything since the last report. */
  takeReport(load: Load | undefined = this.#load): WorkerReport {
    const events = this.#events;
    this.#events = [];
    return {
      worker: this.#worker,
      events,
      waiting: load?.waiting ?? 0,
      eventLoopUtilization: load?.eventLoopUtilization ?? 0,
      clientLimited: load?.clientLimited ?? 0,
    };
  }
}
