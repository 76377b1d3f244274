/** When a row is tried again. Pure; the jitter comes in as a number. */
import type { RowCode } from '../../../row-codes.ts';
import { isTransient } from '../../../row-codes.ts';

/** How often a host may say "not now" about one row (429, or 503 with Retry-After) before the row fails. */
export const MAX_DEFERRALS = 20;
/**
 * A host that closed its idle connections closed them all, and a row may be handed several before it gets a new one.
 * Chosen.
 */
export const MAX_STALE_CONNECTIONS = 8;
const MAX_BACKOFF_MS = 60_000;

export interface TryState {
  /** Attempts that ended in an error of the host, the network or the body. */
  readonly errors: number;
  /** Attempts that the host merely put off. */
  readonly deferrals: number;
  /** Since a host first put the row off, ms. */
  readonly pausedMs: number;
}

export interface FailedTry {
  readonly code: RowCode;
  readonly deferred: boolean;
  readonly retryAfterMs?: number | undefined;
}

export type RetryDecision =
  | { readonly kind: 'give-up' }
  | { readonly kind: 'retry'; readonly delayMs: number; readonly counts: 'error' | 'deferral' };

/**
 * Decide what follows a failed attempt. The state does not yet include it. With a Retry-After the delay is
 * 0: the host's gate holds every row back for that long, this one included. A Retry-After of 0 is no answer to "when";
 * our own backoff is.
 * @param random - uniform in [0, 1)
 */
export function decideRetry(
  state: TryState,
  failed: FailedTry,
  options: { readonly maxAttempts: number; readonly retryBackoffMs: number; readonly maxRetryAfterMs: number },
  random: number,
): RetryDecision {
  if (failed.deferred) {
    const waitMs = failed.retryAfterMs || backoffMs(options.retryBackoffMs, state.deferrals, random);
    const isOver = state.pausedMs + waitMs > options.maxRetryAfterMs;
    if (state.deferrals + 1 >= MAX_DEFERRALS || isOver) return { kind: 'give-up' };
    return { kind: 'retry', delayMs: failed.retryAfterMs ? 0 : waitMs, counts: 'deferral' };
  }
  // A file may have been cut on its way, once; what comes twice is what lies there.
  const mayPass = failed.code === 'not_whole' ? state.errors === 0 : isTransient(failed.code);
  if (!mayPass || state.errors + 1 >= options.maxAttempts) return { kind: 'give-up' };
  return { kind: 'retry', delayMs: backoffMs(options.retryBackoffMs, state.errors, random), counts: 'error' };
}

/** Exponential with jitter in [0.5, 1.5): a batch of rows that failed together must not come back together. */
function backoffMs(baseMs: number, round: number, random: number): number {
  return Math.min(baseMs * 2 ** round, MAX_BACKOFF_MS) * (0.5 + random);
}
