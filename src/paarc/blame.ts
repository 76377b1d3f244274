/** What errors are to be blamed on: our load, the host itself, a rate that we exceed. What follows is done elsewhere. */
import { ConnectionCap } from './connection-cap.ts';
import { beginSuspicion, cutAgain, hear, isFlood, type Suspicion, verdictOf } from './error-cause.ts';
import { RateTrial } from './rate-trial.ts';
import type { Flight } from './refusals.ts';
import type { PaarcSettings } from './settings.ts';
import { isOutage, type PaarcState } from './state.ts';
import {
  againMs,
  chanceResults,
  deepPart,
  fewErrors,
  halfLifeResults,
  mixedLeast,
  relapseMs,
  trialGrants,
  trialMeasureMs,
  trialPauseMs,
  trialStartMs,
} from './tuning.ts';

/** What follows from what errors showed. `rate`: they mean one, on trial. `open`: they do not, after a trial. */
export type Blame =
  | { readonly kind: 'own'; readonly suspicion: Suspicion }
  | { readonly kind: 'flood' }
  | {
      readonly kind: 'rate';
      readonly suspicion: Suspicion;
      readonly grantedPerS: number;
      /** What that rests on; 0 where we asked for no more: in an outage, and while cut far down. */
      readonly granted: number;
    }
  | { readonly kind: 'double' }
  | { readonly kind: 'open'; readonly next: Blame | undefined };

/** What it can be asked about the controller it serves. */
export interface Accused {
  readonly concurrency: number;
  readonly state: PaarcState;
  readonly ratePerS: number;
}

/** The mark of a send that was none. */
const beforeAll = { sends: 0, atMs: 0 };

export class ErrorBlame {
  readonly #settings: PaarcSettings;
  #suspicion: Suspicion | undefined;
  /** How many others the errors met, since the last verdict. */
  #levels = new ConnectionCap(beforeAll);
  #trial: RateTrial | undefined;
  #areErrorsRate = false;
  /** While errors were no rate; older ones count half. */
  #seen = { errors: 0, results: 0 };
  #resultsSinceError = 0;
  #isRepeated = false;
  #trialAgainAtMs = 0;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #ownAtMs = Number.NEGATIVE_INFINITY;
  /** When deep cuts had helped; and whether they had to be made again, which no place to refuse at would call for. */
  #deepAtMs = Number.NEGATIVE_INFINITY;
  #isSawtooth = false;
  #outageOverAtMs = Number.NEGATIVE_INFINITY;
  /** The outage that goes on began as soon as the last one was over. */
  #isRelapse = false;
  /** In that outage: grants, and errors that followed one. */
  #grants = 0;
  #mixes = 0;
  #isGranted = false;

  constructor(settings: PaarcSettings) {
    this.#settings = settings;
  }

  /** Errors count as a 429 does. */
  get areErrorsRate(): boolean {
    return this.#areErrorsRate;
  }

  /** The newest error came soon after another one. A single one is chance, and as a 429 it would cost the rate. */
  get isRepeated(): boolean {
    return this.#isRepeated;
  }

  hear({ mark, inFlight }: Flight, isError: boolean, nowMs: number): void {
    const sentAtMs = mark.atMs;
    this.#resultsSinceError++;
    if (!this.#areErrorsRate) this.#count(isError);
    if (isError) {
      this.#isRepeated = this.#resultsSinceError <= chanceResults;
      this.#resultsSinceError = 0;
      this.#levels.refused(mark, inFlight, nowMs);
    } else this.#levels.granted(mark, inFlight);
    if (this.#suspicion !== undefined) this.#suspicion = hear(this.#suspicion, sentAtMs, inFlight, isError);
    this.#trial?.count(sentAtMs, isError);
  }

  #count(isError: boolean): void {
    const { errors, results } = this.#seen;
    const kept = results < 2 * halfLifeResults ? 1 : 0.5;
    this.#seen = { errors: kept * errors + (isError ? 1 : 0), results: kept * results + 1 };
  }

  /** An answer to a probe during an outage. */
  probed(isError: boolean): void {
    if (isError && this.#isGranted) this.#mixes++;
    this.#isGranted = !isError;
    if (!isError) this.#grants++;
  }

  /** The limit is cut for errors. */
  cut({ concurrency, state }: Pick<Accused, 'concurrency' | 'state'>, nowMs: number): void {
    const held = heldConcurrency(this.#settings, concurrency, state);
    const wasDeep = this.#suspicion === undefined ? nowMs - this.#deepAtMs < againMs : isDeep(this.#suspicion);
    if (state.name !== 'backoff' && wasDeep) this.#isSawtooth = true;
    if (this.#suspicion === undefined) this.#suspicion = beginSuspicion(concurrency, held, isGrowing(state), nowMs);
    else this.#suspicion = cutAgain(this.#suspicion, concurrency, state.name === 'backoff' ? 0 : held, nowMs);
  }

  outage(accused: Pick<Accused, 'concurrency' | 'state'>, nowMs: number): void {
    this.#isRelapse = nowMs - this.#outageOverAtMs < relapseMs;
    [this.#grants, this.#mixes, this.#isGranted] = [0, 0, false];
    this.cut(accused, nowMs);
  }

  outageOver(nowMs: number): void {
    this.#outageOverAtMs = nowMs;
    this.#suspicion = undefined;
  }

  /** What the errors have shown by now; undefined for nothing new. */
  judge(accused: Accused, nowMs: number): Blame | undefined {
    const isOut = isOutage(accused.state);
    const tried = this.#judgeTrial(accused.ratePerS, isOut, nowMs);
    if (tried !== undefined) return tried;
    const suspicion = this.#suspicion;
    if (suspicion === undefined) return undefined;
    const verdict = verdictOf(suspicion);
    const elapsedMs = nowMs - suspicion.sinceMs;
    if (isOut) {
      const isNoOutage = this.#isRelapse || (this.#mixes >= mixedLeast && verdict === 'many');
      if (!isNoOutage || this.#grants < trialGrants || nowMs < this.#trialAgainAtMs) return undefined;
    } else if (verdict === undefined && !this.#isSawtooth) return undefined;
    const isMeasured = elapsedMs >= trialMeasureMs && suspicion.granted >= trialGrants;
    if ((verdict === 'many' || this.#isSawtooth) && !isMeasured) return undefined;
    if (this.#isSawtooth) {
      this.#isSawtooth = false;
      if (nowMs < this.#trialAgainAtMs || this.#areErrorsRate || isOut) return undefined;
      this.#suspicion = undefined;
      return this.#tryRate(suspicion, nowMs, true);
    }
    this.#suspicion = undefined;
    if (verdict === 'load' && !isOut) {
      const { isGradual } = this.#levels;
      this.#levels = new ConnectionCap(beforeAll);
      if (isGradual && nowMs >= this.#trialAgainAtMs && !this.#areErrorsRate) return this.#tryRate(suspicion, nowMs);
      if (isDeep(suspicion)) this.#deepAtMs = nowMs;
      return undefined;
    }
    const isAgain = nowMs - this.#ownAtMs < againMs && suspicion.errors > fewErrors * suspicion.results;
    this.#ownAtMs = nowMs;
    return verdict === 'own' && !isAgain ? { kind: 'own', suspicion } : this.#tryRate(suspicion, nowMs, isOut);
  }

  /** So many errors at any load: perhaps they mean a rate. @param isHeldBack - we asked for no more than was granted */
  #tryRate(suspicion: Suspicion, nowMs: number, isHeldBack = false): Blame {
    if (nowMs < this.#trialAgainAtMs || this.#areErrorsRate) return without(suspicion);
    const grantedPerS = (1000 * suspicion.granted) / (nowMs - suspicion.sinceMs);
    const mayBeOver = nowMs - this.#triedAtMs > againMs;
    this.#areErrorsRate = true;
    this.#trial = new RateTrial(suspicion, this.#share(suspicion), nowMs + trialStartMs, mayBeOver, grantedPerS);
    this.#triedAtMs = nowMs;
    return { kind: 'rate', suspicion, grantedPerS, granted: isHeldBack ? 0 : suspicion.granted };
  }

  /** Of errors before a rate is tried: a cluster of them, which led to it, may be more than there are on the whole. */
  #share({ errors, results }: Suspicion): number {
    return Math.min(surely(errors) / Math.max(1, results), surely(this.#seen.errors) / Math.max(1, this.#seen.results));
  }

  #judgeTrial(ratePerS: number, isOut: boolean, nowMs: number): Blame | undefined {
    const trial = this.#trial;
    if (trial === undefined) return undefined;
    const verdict = isOut ? 'failed' : trial.verdict(ratePerS, nowMs);
    switch (verdict) {
      case undefined:
        return undefined;
      case 'double':
        return { kind: 'double' };
      case 'rate':
        trial.isPassed = true;
        return undefined;
      case 'none':
      case 'failed':
        this.#trial = undefined;
        this.#areErrorsRate = false;
        // Errors that come back now that the rate is open were one after all.
        if (verdict === 'none') this.#deepAtMs = nowMs;
        if (verdict === 'failed') this.#trialAgainAtMs = nowMs + trialPauseMs;
        return { kind: 'open', next: verdict === 'failed' && !isOut ? without(trial.suspicion) : undefined };
    }
  }
}

/** Errors went on until the limit was cut by much. */
function isDeep({ leastConcurrency, concurrency }: Suspicion): boolean {
  return leastConcurrency < deepPart * concurrency;
}

/** A deviation less: a count is looked at because it was large. */
function surely(errors: number): number {
  return errors - Math.sqrt(errors);
}

/** Errors that are no rate: the host's own, or more than any host makes. */
function without(suspicion: Suspicion): Blame {
  return isFlood(suspicion) ? { kind: 'flood' } : { kind: 'own', suspicion };
}

/** Whether the limit had not found its place yet. */
function isGrowing(state: PaarcState): boolean {
  return state.name === 'startup' || state.name === 'init';
}

/** The last limit that had held before the present one. */
export function heldConcurrency(
  { startupGain }: Pick<PaarcSettings, 'startupGain'>,
  concurrency: number,
  state: PaarcState,
): number {
  if (isGrowing(state)) return concurrency / startupGain;
  return state.name === 'probe-bw' ? (state.search.probe?.concurrency ?? concurrency) : concurrency;
}
