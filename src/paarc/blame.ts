/** What errors are to be blamed on: our load, the host itself, a rate that we exceed. What follows is done elsewhere. */
import { ConnectionCap } from './connection-cap.ts';
import { beginSuspicion, cutAgain, hear, isFlood, type Suspicion, verdictOf } from './error-cause.ts';
import { RateTrial } from './rate-trial.ts';
import type { Flight } from './refusals.ts';
import type { PaarcSettings } from './settings.ts';
import { isOutage, type PaarcState } from './state.ts';
import {
  againMs,
  deepPart,
  fewErrors,
  manyErrors,
  mixedMs,
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
      /** What that rests on; 0 where only probes of an outage went out. */
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

export class ErrorBlame {
  readonly #settings: PaarcSettings;
  #suspicion: Suspicion | undefined;
  /** How many others the errors met, since the last verdict. */
  #levels: ConnectionCap | undefined;
  #trial: RateTrial | undefined;
  #areErrorsRate = false;
  #trialAgainAtMs = 0;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #ownAtMs = Number.NEGATIVE_INFINITY;
  /** When deep cuts had helped; and whether they had to be made again, which no place to refuse at would call for. */
  #deepAtMs = Number.NEGATIVE_INFINITY;
  #isSawtooth = false;
  #outageOverAtMs = Number.NEGATIVE_INFINITY;
  /** The outage that goes on began as soon as the last one was over. */
  #isRelapse = false;
  /** What it has granted so far, and whether errors came after that again. */
  #grants = 0;
  #isMixed = false;

  constructor(settings: PaarcSettings) {
    this.#settings = settings;
  }

  /** Errors count as a 429 does. */
  get areErrorsRate(): boolean {
    return this.#areErrorsRate;
  }

  hear({ mark, inFlight }: Flight, isError: boolean, nowMs: number): void {
    const sentAtMs = mark.atMs;
    if (isError) {
      this.#levels ??= new ConnectionCap(mark);
      this.#levels.refused(mark, inFlight, nowMs);
    } else this.#levels?.granted(mark, inFlight);
    if (this.#suspicion !== undefined) this.#suspicion = hear(this.#suspicion, sentAtMs, inFlight, isError);
    this.#trial?.count(sentAtMs, isError);
  }

  /** An answer to a probe during an outage. */
  probed(isError: boolean): void {
    if (!isError) this.#grants++;
    else if (this.#grants > 0) this.#isMixed = true;
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
    [this.#grants, this.#isMixed] = [0, false];
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
      const isNoOutage = this.#isRelapse || (this.#isMixed && verdict === 'many' && elapsedMs > mixedMs);
      if (!isNoOutage || this.#grants < trialGrants || nowMs < this.#trialAgainAtMs) return undefined;
    } else if (verdict === undefined && !this.#isSawtooth) return undefined;
    const isMeasured = elapsedMs >= trialMeasureMs && suspicion.granted >= trialGrants;
    if ((verdict === 'many' || this.#isSawtooth) && !isMeasured) return undefined;
    if (this.#isSawtooth) {
      this.#isSawtooth = false;
      if (nowMs < this.#trialAgainAtMs || this.#areErrorsRate || isOut) return undefined;
      this.#suspicion = undefined;
      return this.#tryRate(suspicion, nowMs);
    }
    this.#suspicion = undefined;
    if (verdict === 'load' && !isOut) {
      const isGradual = this.#levels?.isGradual === true;
      this.#levels = undefined;
      if (isGradual && nowMs >= this.#trialAgainAtMs && !this.#areErrorsRate) return this.#tryRate(suspicion, nowMs);
      if (isDeep(suspicion)) this.#deepAtMs = nowMs;
      return undefined;
    }
    const isAgain = nowMs - this.#ownAtMs < againMs && suspicion.errors > fewErrors * suspicion.results;
    this.#ownAtMs = nowMs;
    return verdict === 'own' && !isAgain ? { kind: 'own', suspicion } : this.#tryRate(suspicion, nowMs, isOut);
  }

  /** So many errors at any load: perhaps they mean a rate. */
  #tryRate(suspicion: Suspicion, nowMs: number, isOut = false): Blame {
    if (nowMs < this.#trialAgainAtMs || this.#areErrorsRate) return without(suspicion);
    const grantedPerS = (1000 * suspicion.granted) / (nowMs - suspicion.sinceMs);
    const mayBeOver = nowMs - this.#triedAtMs > againMs;
    this.#areErrorsRate = true;
    this.#trial = new RateTrial(suspicion, nowMs + trialStartMs, mayBeOver, grantedPerS);
    this.#triedAtMs = nowMs;
    return { kind: 'rate', suspicion, grantedPerS, granted: isOut ? 0 : suspicion.granted };
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
        this.#trial = undefined;
        return undefined;
      case 'none':
      case 'failed':
        this.#trial = undefined;
        this.#areErrorsRate = false;
        if (verdict === 'failed') this.#trialAgainAtMs = nowMs + trialPauseMs;
        return { kind: 'open', next: verdict === 'failed' && !isOut ? without(trial.suspicion) : undefined };
    }
  }
}

/** Many errors went on until the limit was cut by much. */
function isDeep({ leastConcurrency, concurrency, errors, results }: Suspicion): boolean {
  return leastConcurrency < deepPart * concurrency && errors > manyErrors * results;
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
