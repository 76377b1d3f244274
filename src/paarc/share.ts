/** What one of several workers may do on a host. */
import type { Outcome } from './limit.ts';

/** What one of several workers may do on a host: its part of the one budget. */
export interface Share {
  readonly permits: number;
  /** Least time between two sends of this worker; 0 for none. */
  readonly spacingMs: number;
  /** Where in its spacing this worker sends, 0..1, so that all workers together send evenly. */
  readonly phase: number;
  readonly pauseUntilMs: number;
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
 * Split a budget over workers: floor(C / K) permits each, one more for C mod K of them, moving on by `rotation`, so
 * that with fewer permits than workers everyone has a turn; the rate evenly over those with a permit, each in its own
 * phase.
 * @param budget - permits and spacing of the whole
 */
export function splitBudget(budget: Budget, workers: readonly string[], rotation: number): Map<string, Share> {
  const count = workers.length;
  const each = Math.floor(budget.permits / Math.max(1, count));
  const extra = budget.permits - each * count;
  // A worker without a permit must not hold a part of the rate.
  const sending = each > 0 ? count : extra;
  const shares = new Map<string, Share>();
  for (const [index, worker] of workers.entries()) {
    const turn = (index + rotation) % count;
    shares.set(worker, {
      permits: each + (turn < extra ? 1 : 0),
      spacingMs: budget.spacingMs * Math.max(1, sending),
      phase: turn < sending ? turn / sending : 0,
      pauseUntilMs: budget.pauseUntilMs,
    });
  }
  return shares;
}
