/** Whether errors depend on our load: what is sent with clearly less of it tells, over all cuts that follow. */
import {
  halfLifeResults,
  illAbove,
  leastLoad,
  lessLoad,
  mostEvidence,
  mostOfIll,
  mostOwn,
  onAnswer,
  onError,
  wellBelow,
} from './tuning.ts';

/** Since the first of several cuts: is it our load? Frozen. */
export interface Suspicion {
  /** The limit before the first cut, the last one that had held before, and whether it was growing. */
  readonly concurrency: number;
  readonly heldConcurrency: number;
  /** The least limit at which errors went on. */
  readonly leastConcurrency: number;
  readonly wasGrowing: boolean;
  readonly sinceMs: number;
  readonly evidence: number;
  readonly errors: number;
  readonly results: number;
  /** As `evidence`, at the least load. */
  readonly deepEvidence: number;
  /** The newest cut, and errors of what was sent after it. */
  readonly cutAtMs: number;
  readonly errorsSinceCut: number;
  /** What was granted of everything sent since the first cut. */
  readonly granted: number;
}

/** What errors that are taken for the host's own are accepted by. */
export type Accepted = Pick<Suspicion, 'concurrency' | 'wasGrowing' | 'errors' | 'results'>;

/** The first cut. */
export function beginSuspicion(
  concurrency: number,
  heldConcurrency: number,
  wasGrowing: boolean,
  nowMs: number,
): Suspicion {
  const nothing = { evidence: 0, errors: 0, results: 0, deepEvidence: 0, errorsSinceCut: 0, granted: 0 };
  return {
    concurrency,
    heldConcurrency,
    leastConcurrency: concurrency,
    wasGrowing,
    sinceMs: nowMs,
    cutAtMs: nowMs,
    ...nothing,
  };
}

/** One more cut: errors have to go on after it. @param heldConcurrency - 0 if nothing has held since the last one */
export function cutAgain(suspicion: Suspicion, concurrency: number, heldConcurrency: number, nowMs: number): Suspicion {
  const leastConcurrency = Math.min(suspicion.leastConcurrency, concurrency);
  const held = Math.max(suspicion.heldConcurrency, heldConcurrency);
  return { ...suspicion, heldConcurrency: held, leastConcurrency, cutAtMs: nowMs, errorsSinceCut: 0 };
}

/** One more result. */
export function hear(suspicion: Suspicion, sentAtMs: number, inFlightAtSend: number, isError: boolean): Suspicion {
  const { concurrency, sinceMs, evidence, errors, results, deepEvidence } = suspicion;
  if (sentAtMs <= sinceMs) return suspicion;
  const granted = suspicion.granted + (isError ? 0 : 1);
  if (inFlightAtSend > Math.max(1, lessLoad * suspicion.heldConcurrency)) return { ...suspicion, granted };
  const weight = isError ? onError : onAnswer;
  return {
    ...suspicion,
    granted,
    evidence: Math.min(mostEvidence, evidence + weight),
    deepEvidence:
      inFlightAtSend <= Math.max(1, leastLoad * concurrency)
        ? Math.min(mostEvidence, deepEvidence + weight)
        : deepEvidence,
    errors: errors + (isError ? 1 : 0),
    errorsSinceCut: suspicion.errorsSinceCut + (isError && sentAtMs > suspicion.cutAtMs ? 1 : 0),
    results: results + 1,
  };
}

/**
 * `own`: the host makes them whatever our load. `many`: as many as a rate that is exceeded makes. `load`: they went
 * with the load.
 */
export type Verdict = 'own' | 'many' | 'load' | undefined;

export function verdictOf({ evidence, errors, results, deepEvidence, errorsSinceCut }: Suspicion): Verdict {
  if (evidence < wellBelow) return 'load';
  if (errorsSinceCut === 0) return undefined;
  if (evidence > illAbove && errors <= mostOfIll * results) return 'own';
  if (deepEvidence > illAbove) return 'many';
  return undefined;
}

/** More than any host makes of its own accord. */
export function isFlood({ errors, results }: Suspicion): boolean {
  return errors > mostOwn * results;
}

/** The share of errors to expect from now on: a few results show it roughly, so a deviation more than they show. */
export function ownShare({ errors, results }: Pick<Suspicion, 'errors' | 'results'>): number {
  return Math.min(mostOwn, (errors + Math.sqrt(errors)) / Math.max(1, results));
}

/** The expected share after one more round, so that a host that recovers is noticed. */
export function foldShown<Known extends { readonly shownErrors: number | undefined }>(
  next: Known,
  before: Known,
  { overloads, results }: { readonly overloads: number; readonly results: number },
): Known {
  const share = next.shownErrors;
  if (share === undefined || share !== before.shownErrors) return next;
  const folded = (share * halfLifeResults + overloads) / (halfLifeResults + results);
  return { ...next, shownErrors: Math.min(mostOwn, folded) };
}
