/**
 * Keeps the law honest while our own side is the narrow place: the limit is brought down to what we can use, nothing is
 * learned about the host, and the limit of before comes back when we are free again.
 */
export interface ClientGuard {
  /** Throughput we reached while limited, decaying (X_c), per second. */
  readonly reachedPerS: number;
  /** Limit to return to; 0 when not reduced. */
  readonly savedConcurrency: number;
  /** Free rounds needed before returning; doubles when we were limited again soon. */
  readonly neededRounds: number;
  readonly freeRounds: number;
  readonly restoredAtMs: number;
}

export const openGuard: ClientGuard = {
  reachedPerS: 0,
  savedConcurrency: 0,
  neededRounds: 1,
  freeRounds: 0,
  restoredAtMs: Number.NEGATIVE_INFINITY,
};

/** Limited again within this time after a return means that the return was too early. */
const relapseMs = 6000;
const maxNeededRounds = 32;

/** The guard and the limit after a round. */
export interface Guarded {
  readonly guard: ClientGuard;
  readonly concurrency: number;
}

/**
 * A round in which we were the narrow place. `usable(X)` = limit that carries a throughput of X per second with
 * headroom.
 */
export function limitedRound(
  guard: ClientGuard,
  round: {
    readonly concurrency: number;
    readonly beforeCut: number;
    readonly throughputPerS: number;
    readonly nowMs: number;
  },
  leastConcurrency: number,
  usable: (perS: number) => number,
): Guarded {
  const reachedPerS = Math.max(round.throughputPerS, 0.95 * guard.reachedPerS);
  const target = Math.max(leastConcurrency, 0.7 * round.concurrency, usable(reachedPerS));
  const relapsed = round.nowMs - guard.restoredAtMs < relapseMs;
  const next: ClientGuard = {
    ...guard,
    reachedPerS,
    freeRounds: 0,
    neededRounds: relapsed ? Math.min(maxNeededRounds, 2 * guard.neededRounds) : guard.neededRounds,
    restoredAtMs: relapsed ? Number.NEGATIVE_INFINITY : guard.restoredAtMs,
  };
  if (target >= 0.9 * round.concurrency) return { guard: next, concurrency: round.concurrency };
  return {
    guard: { ...next, savedConcurrency: Math.max(guard.savedConcurrency, round.concurrency, round.beforeCut) },
    concurrency: target,
  };
}

/** A round in which we were free and used our permits. */
export function freeRound(guard: ClientGuard, concurrency: number, nowMs: number): Guarded {
  if (guard.savedConcurrency === 0) return { guard, concurrency };
  const freeRounds = guard.freeRounds + 1;
  if (freeRounds < guard.neededRounds) return { guard: { ...guard, freeRounds }, concurrency };
  return {
    guard: { ...guard, savedConcurrency: 0, freeRounds: 0, reachedPerS: 0, restoredAtMs: nowMs },
    concurrency: Math.max(concurrency, guard.savedConcurrency),
  };
}
