/** What one of several workers may do on a host, and the limit that keeps to it. */
import { type Limit, type Load, type Outcome, pauseOf, type SendToken } from './limit.ts';

/** A worker reports so often, and at once after a refusal. Source: scenario runs with a message delay of 20 ms. */
const reportMs = 250;
/**
 * All workers stop for so long after a 429 without Retry-After, because the controller, which runs behind, needs that
 * long to make up its mind.
 */
export const stopMs = 350;
/** Until it has a share a worker sends nothing. */
const noShare: Share = { permits: 0, spacingMs: 0, phase: 0, pauseUntilMs: 0, refusesAll: false };

/** What one of several workers may do on a host: its part of the one budget. */
export interface Share {
  readonly permits: number;
  /** Least time between two sends of this worker; 0 for none. */
  readonly spacingMs: number;
  /** Where in its spacing this worker sends, 0..1, so that all workers together send evenly. */
  readonly phase: number;
  readonly pauseUntilMs: number;
  /** The host refuses everything, as the replies to all workers show. */
  readonly refusesAll: boolean;
}

/** What all workers together may do on a host. */
export type Budget = Omit<Share, 'phase'>;

/** One thing that happened on a worker. `id` counts the worker's sends to this host. */
export type WorkerEvent =
  | { readonly kind: 'send'; readonly atMs: number; readonly id: number }
  | { readonly kind: 'result'; readonly atMs: number; readonly id: number; readonly outcome: Outcome };

/** What a worker tells the coordinator; times on a clock all agree on to within the watermark. */
export interface WorkerReport {
  readonly worker: string;
  /** In order of time, each reported once. */
  readonly events: readonly WorkerEvent[];
  readonly waiting: number;
  readonly eventLoopUtilization: number;
  readonly clientLimited: number;
}

/**
 * Split a budget over workers: floor(C / K) permits each, one more for the first C mod K of them; the rate evenly over
 * those with a permit, each in its own phase.
 * @param budget - permits and spacing of the whole
 */
export function splitBudget(budget: Budget, workers: readonly string[]): Map<string, Share> {
  const count = workers.length;
  const each = Math.floor(budget.permits / Math.max(1, count));
  const extra = budget.permits - each * count;
  // A worker without a permit must not hold a part of the rate.
  const sending = each > 0 ? count : extra;
  const shares = workers.map((worker, index): [string, Share] => [
    worker,
    {
      permits: each + (index < extra ? 1 : 0),
      spacingMs: budget.spacingMs * Math.max(1, sending),
      phase: index < sending ? index / sending : 0,
      pauseUntilMs: budget.pauseUntilMs,
      refusesAll: budget.refusesAll,
    },
  ]);
  return new Map(shares);
}

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
  get refusesAll(): boolean {
    return this.#share.refusesAll;
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
    const pauseMs = pauseOf(outcome);
    if (pauseMs !== undefined) this.#pauseUntilMs = Math.max(this.#pauseUntilMs, nowMs + pauseMs);
  }

  tick(nowMs: number): undefined {
    if (nowMs >= this.#nextReportMs) this.#nextReportMs = nowMs + reportMs;
    return undefined;
  }

  /** Everything since the last report. */
  takeReport({ waiting, eventLoopUtilization, clientLimited }: Load): WorkerReport {
    const events = this.#events;
    this.#events = [];
    return { worker: this.#worker, events, waiting, eventLoopUtilization, clientLimited };
  }
}
