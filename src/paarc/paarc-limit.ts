/** PAARC for one host: the Limit that keeps the state and calls step. */
import type { Mark } from './accepted-log.ts';
import { endBackoff, endOutage, waitForRate } from './backoff.ts';
import { IntervalCollector } from './interval.ts';
import {
  type Limit,
  type Load,
  type Observation,
  type Outcome,
  pauseOf,
  type SendToken,
  type Transition,
} from './limit.ts';
import { CutEcho, cutForOverload, isOverloadedEarly } from './overload.ts';
import { RateSearch } from './rate-search.ts';
import { assertSnapshot, type Snapshot, snapshotOf } from './snapshot.ts';
import { baseConcurrency, type Control, type Decision, initialControl, type PaarcState, warmStart } from './state.ts';
import { isRoundOver, nextLookMs, step } from './step.ts';
import { assertPaarcSettings, type DelayedSettings } from './valid-settings.ts';

/** An idle time that ends a round. Chosen. */
const restMs = 1000;
/** One request per this time while a host is out (half-open); sooner once it has answered. */
const outageSpacingMs = 500;
/** So many answers in a row that are no overload end an outage. */
const outageAnswers = 3;
/** A decrease is given a little longer than an increase: the queue it shortens has to drain first. */
const settleAfterIncrease = 1;
const settleAfterDecrease = 1.2;

interface Flight {
  readonly mark: Mark;
  readonly inFlight: number;
}

/** PAARC for one host. Every number it uses comes in; docs/paarc.md describes it. */
export class PaarcLimit implements Limit {
  readonly #settings: DelayedSettings;
  readonly #feedbackDelayMs: number;
  readonly #random: () => number;
  readonly #rate: RateSearch;
  readonly #flights = new Map<SendToken, Flight>();
  #nextToken = 0;
  #control: Control;
  #state: PaarcState = { name: 'init' };
  #interval: IntervalCollector;
  #overloadCutAtMs = Number.NEGATIVE_INFINITY;
  #echo: CutEcho | undefined;
  #holdUntilMs = 0;
  #goodAnswers = 0;
  #idleSinceMs = 0;
  #nextTickMs = Number.POSITIVE_INFINITY;
  #transitions: Transition[] = [];

  /**
   * @param random - uniform in 0..1, seeded by the caller; spreads pauses and cooldowns
   * @param startMs - now, on the clock of every other call
   * @param warm - what an earlier run or hosts alike have shown
   * @throws RangeError on settings or a snapshot that make no sense
   */
  constructor(settings: DelayedSettings, random: () => number, startMs: number, warm?: Snapshot) {
    assertPaarcSettings(settings);
    this.#settings = settings;
    this.#feedbackDelayMs = settings.feedbackDelayMs ?? 0;
    this.#random = random;
    this.#control = initialControl(settings, startMs);
    this.#rate = new RateSearch(settings);
    this.#interval = new IntervalCollector(startMs, startMs, settings.clientElu);
    if (warm === undefined) return;
    assertSnapshot(warm);
    ({ control: this.#control, state: this.#state } = warmStart(settings, warm, startMs));
    if (warm.requestsPerSecond !== undefined) this.#rate.warm(warm.requestsPerSecond, startMs);
  }

  /** What to keep of this host; undefined while nothing is known. */
  snapshot(): Snapshot | undefined {
    const { baseline, recoverConcurrency } = this.#control;
    const base = baseConcurrency(this.#control, this.#state);
    return snapshotOf(baseline, Math.max(base, recoverConcurrency, this.#returningTo()), this.#rate);
  }

  get permits(): number {
    return Math.floor(this.#control.concurrency);
  }

  get spacingMs(): number {
    const { baseline, concurrency } = this.#control;
    const byRate = 1000 / this.#rate.perS;
    // Twice the rate that Little's law gives for the limit: a wave of permits must not arrive as one burst.
    const byWave = baseline === undefined ? 0 : baseline.p50Ms / (2 * concurrency);
    return Math.max(byRate, byWave, this.#isOut() ? outageSpacingMs / (1 + this.#goodAnswers) : 0);
  }

  get pauseUntilMs(): number {
    return Math.max(this.#rate.pauseUntilMs, this.#holdUntilMs);
  }

  get nextTickMs(): number {
    return this.#nextTickMs;
  }

  onSend(nowMs: number, inFlight: number): SendToken {
    const token = this.#nextToken++;
    // The host's time begins with its first request, however long ago its controller was made.
    if (token === 0 || this.#hasRested(nowMs))
      this.#interval = new IntervalCollector(nowMs, nowMs, this.#settings.clientElu);
    this.#flights.set(token, { mark: this.#rate.send(nowMs), inFlight });
    if (this.#nextTickMs === Number.POSITIVE_INFINITY) this.#nextTickMs = this.#nextLookMs(nowMs);
    return token;
  }

  onResult(token: SendToken, outcome: Outcome, nowMs: number): void {
    const flight = this.#flights.get(token);
    if (flight === undefined) throw new RangeError(`token ${token}: not in flight; every send has exactly one result`);
    this.#flights.delete(token);
    const pauseMs = pauseOf(outcome);
    if (pauseMs !== undefined) this.#rate.pauseFor(pauseMs, nowMs, this.#random());
    this.#echo?.hear(flight.mark.atMs, flight.inFlight, outcome.kind === 'overload');
    switch (outcome.kind) {
      case 'ok':
        this.#interval.ok(nowMs, outcome.serviceMs);
        if (this.#isRoundOver(nowMs)) this.#nextTickMs = Math.min(this.#nextTickMs, nowMs);
        return this.#answered(nowMs);
      case 'neutral':
        this.#interval.neutral(nowMs - flight.mark.atMs);
        return this.#answered(nowMs);
      case 'rate':
        this.#refused(flight, pauseMs, nowMs);
        return this.#answered(nowMs);
      case 'overload':
        return this.#overloaded(flight, outcome.serviceMs, nowMs);
    }
  }

  tick(nowMs: number, load: Load): Transition | undefined {
    if (nowMs < this.#nextTickMs) return undefined;
    const idle = load.inFlight === 0 && this.#flights.size === 0;
    if (idle) this.#idleSinceMs = nowMs;
    this.#interval.look(nowMs, load, this.permits);
    const moved = this.#rate.advance(nowMs, this.#control.reactionMs);
    if (moved !== undefined) this.#report(this.#state.name, moved, this.#observe(nowMs));
    this.#advance(nowMs);
    const pending = this.#transitions.shift();
    if (this.#transitions.length > 0) this.#nextTickMs = nowMs;
    else this.#nextTickMs = idle ? Number.POSITIVE_INFINITY : this.#nextLookMs(nowMs);
    return pending;
  }

  #advance(nowMs: number): void {
    if (this.#undoCut(nowMs)) return;
    const settings = this.#settings;
    const control = this.#control;
    const state = this.#state;
    if (state.name === 'backoff' && nowMs >= state.untilMs) {
      this.#apply(endBackoff(settings, control, state, this.#interval.read(nowMs), nowMs, this.#random()), nowMs);
    } else if (this.#isRoundOver(nowMs)) {
      this.#apply(step(settings, control, state, this.#interval.read(nowMs), nowMs, this.#random()), nowMs);
    }
  }

  /**
   * A round that goes on over a long rest would take the rest for slowness. INIT only counts samples, so it may go on.
   */
  #hasRested(nowMs: number): boolean {
    if (this.#nextTickMs < Number.POSITIVE_INFINITY || this.#state.name === 'init') return false;
    return nowMs - this.#idleSinceMs > restMs;
  }

  #isRoundOver(nowMs: number): boolean {
    const elapsedMs = nowMs - this.#interval.startMs;
    return elapsedMs > 0 && isRoundOver(this.#settings, this.#control, this.#state, elapsedMs, this.#interval.samples);
  }

  #answered(nowMs: number): void {
    this.#goodAnswers++;
    if (this.#isOut() && this.#goodAnswers >= outageAnswers)
      this.#apply(endOutage(this.#settings, this.#control), nowMs);
  }

  #refused(flight: Flight, retryAfterMs: number | undefined, nowMs: number): void {
    const decision = this.#rate.refuse(flight.mark, flight.inFlight, retryAfterMs, nowMs, this.#control.reactionMs);
    if (decision === undefined) return;
    this.#holdUntilMs = Math.max(this.#holdUntilMs, decision.holdUntilMs);
    const untilMs = Math.max(decision.episodeUntilMs, this.#rate.pauseUntilMs);
    if (this.#isOut()) return;
    this.#apply(waitForRate(this.#settings, this.#control, this.#state, untilMs, decision.reason), nowMs);
  }

  #overloaded(flight: Flight, serviceMs: number, nowMs: number): void {
    this.#goodAnswers = 0;
    if (flight.mark.atMs <= this.#overloadCutAtMs) return;
    this.#interval.overload(serviceMs, flight.inFlight);
    if (this.#isOut()) return;
    if (!isOverloadedEarly(this.#settings, this.#control, this.#state, this.#interval)) return;
    const interval = this.#interval.read(nowMs);
    this.#apply(cutForOverload(this.#settings, this.#control, this.#state, interval, nowMs, this.#random()), nowMs);
  }

  /**
   * A second cut in the same cooldown is judged with the first: what was in force before both comes back if both were
   * chance.
   */
  #listenAfterCut(before: { control: Control; state: PaarcState; sinceMs: number }, nowMs: number): void {
    if (before.state.name === 'backoff') return;
    const refusedAt = this.#interval.read(nowMs).leastInFlightOverloaded;
    this.#echo = new CutEcho({ ...before, refusedAt }, nowMs);
  }

  #undoCut(nowMs: number): boolean {
    const echo = this.#echo;
    if (echo === undefined || !echo.isHeard(nowMs)) return false;
    this.#echo = undefined;
    const undone = echo.undo(this.#control);
    if (undone !== undefined) this.#apply(undone, nowMs);
    return undone !== undefined;
  }

  /**
   * The limit of before that STARTUP leads back to; 0 for none. A short visit must not make a host look smaller than it
   * is.
   */
  #returningTo(): number {
    const untilConcurrency = this.#state.name === 'startup' ? this.#state.untilConcurrency : 0;
    return untilConcurrency === Number.POSITIVE_INFINITY ? 0 : untilConcurrency;
  }

  #isOut(): boolean {
    return this.#state.name === 'backoff' && this.#state.cause === 'outage';
  }

  #apply(decision: Decision, nowMs: number): void {
    const from = this.#state.name;
    const before = { control: this.#control, state: this.#state, sinceMs: this.#interval.sinceMs };
    const change = decision.control.concurrency - this.#control.concurrency;
    this.#control = decision.control;
    this.#state = decision.state;
    if (decision.reason === 'overload') this.#listenAfterCut(before, nowMs);
    else if (decision.state.name !== 'backoff' || decision.state.cause !== 'overload') this.#echo = undefined;
    if (decision.reason === 'overload' || decision.reason === 'outage') {
      this.#overloadCutAtMs = nowMs + this.#feedbackDelayMs;
      this.#goodAnswers = 0;
    }
    const observed = this.#observe(nowMs);
    if (change > 0) this.#rate.paceGrew(nowMs);
    const settle = change === 0 ? 0 : change > 0 ? settleAfterIncrease : settleAfterDecrease;
    const delayMs = change === 0 ? 0 : settle * this.#control.reactionMs + this.#feedbackDelayMs;
    this.#interval = new IntervalCollector(nowMs, nowMs + delayMs, this.#settings.clientElu);
    if (decision.reason !== undefined) this.#report(from, decision.reason, observed);
    if (this.#transitions.length > 0) this.#nextTickMs = Math.min(this.#nextTickMs, nowMs);
  }

  #observe(nowMs: number): Observation {
    return this.#interval.observe(nowMs, this.#flights.size, this.#control.baseline?.p50Ms ?? Number.NaN);
  }

  #report(from: string, reason: string, observed: Observation): void {
    this.#transitions.push({
      from,
      to: this.#state.name,
      reason,
      permits: this.permits,
      requestsPerSecond: this.#rate.perS,
      observed,
    });
  }

  #nextLookMs(nowMs: number): number {
    return nextLookMs(this.#settings, this.#control, this.#state, this.#interval.startMs, nowMs);
  }
}
