/** PAARC for one host: the Limit that keeps the state and calls step. */
import type { Mark } from './accepted-log.ts';
import { endBackoff, endOutage } from './backoff.ts';
import { CutEcho } from './cut-echo.ts';
import { nothingSeen } from './error-counts.ts';
import { IntervalCollector } from './interval.ts';
import type { Limit, Load, Observation, Outcome, SendToken, Transition } from './limit.ts';
import { assertPaarcSettings, type PaarcSettings } from './options.ts';
import { cutForOverload, isOverloadedAgain, isOverloadedEarly } from './overload.ts';
import { RateSearch } from './rate-search.ts';
import { assertSnapshot, type Snapshot } from './snapshot.ts';
import { type Control, type Decision, initialControl, type PaarcState, warmControl } from './state.ts';
import { isRoundOver, leastRoundMs, step } from './step.ts';

/** Looks per reaction time, within bounds: enough to see idle permits, few enough to be free. Chosen. */
const looksPerReaction = 4;
const leastTickMs = 20;
const mostTickMs = 100;
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

/** PAARC for one host. Every number it uses comes in; see docs/paarc.md for the law. */
export class PaarcLimit implements Limit {
  readonly #settings: PaarcSettings;
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
  constructor(settings: PaarcSettings, random: () => number, startMs: number, warm?: Snapshot) {
    assertPaarcSettings(settings);
    this.#settings = settings;
    this.#random = random;
    this.#control = initialControl(settings, startMs);
    this.#rate = new RateSearch(settings);
    this.#interval = new IntervalCollector(startMs, startMs, settings.clientElu);
    if (warm === undefined) return;
    assertSnapshot(warm);
    this.#control = warmControl(settings, warm, startMs);
    const untilConcurrency = Math.max(this.#control.concurrency, Math.min(settings.cMax, warm.concurrency));
    this.#state = { name: 'startup', flatRounds: 0, limitedRounds: 0, untilConcurrency };
    if (warm.requestsPerSecond !== undefined) this.#rate.warm(warm.requestsPerSecond, startMs);
  }

  /** What to keep of this host; undefined while nothing is known. */
  snapshot(): Snapshot | undefined {
    const { baseline, recoverConcurrency } = this.#control;
    if (baseline === undefined) return undefined;
    const concurrency = Math.round(Math.max(this.#baseConcurrency(), recoverConcurrency, this.#returningTo()));
    const known = { concurrency, p50Ms: hundredths(baseline.p50Ms), p95Ms: hundredths(baseline.p95Ms) };
    const { perS, lowerPerS } = this.#rate;
    if (perS === Number.POSITIVE_INFINITY) return known;
    // A rate on trial is not worth keeping if one below it has held.
    return { ...known, requestsPerSecond: hundredths(lowerPerS > 0 ? lowerPerS : perS) };
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
    if ((outcome.kind === 'rate' || outcome.kind === 'overload') && outcome.retryAfterMs !== undefined) {
      this.#rate.pauseFor(outcome.retryAfterMs, nowMs, this.#random());
    }
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
        this.#refused(flight, outcome.retryAfterMs, nowMs);
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
    if (this.#judgeEcho(nowMs)) return;
    const state = this.#state;
    if (state.name === 'backoff' && nowMs >= state.untilMs) {
      this.#apply(
        endBackoff(this.#settings, this.#control, state, this.#interval.read(nowMs), nowMs, this.#random()),
        nowMs,
      );
      return;
    }
    if (!this.#isRoundOver(nowMs)) return;
    this.#apply(step(this.#settings, this.#control, state, this.#interval.read(nowMs), nowMs, this.#random()), nowMs);
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
    const control = { ...this.#control, concurrency: Math.max(this.#baseConcurrency(), this.#settings.cInit) };
    this.#apply(
      {
        control,
        state: { name: 'backoff', cause: 'rate', untilMs, seen: nothingSeen, repeats: 0 },
        reason: decision.reason,
      },
      nowMs,
    );
  }

  #overloaded(flight: Flight, serviceMs: number, nowMs: number): void {
    this.#goodAnswers = 0;
    if (flight.mark.atMs <= this.#overloadCutAtMs) return;
    this.#interval.overload(serviceMs, flight.inFlight);
    if (this.#isOut()) return;
    const isOverloaded =
      this.#state.name === 'backoff'
        ? isOverloadedAgain(this.#settings, this.#control, this.#state, this.#interval)
        : isOverloadedEarly(this.#settings, this.#control, this.#interval);
    if (!isOverloaded) return;
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

  #judgeEcho(nowMs: number): boolean {
    const echo = this.#echo;
    const wasChance = echo?.wasChance(nowMs);
    if (echo === undefined || wasChance === undefined) return false;
    this.#echo = undefined;
    if (!wasChance) return false;
    const control = { ...this.#control, concurrency: echo.control.concurrency, ceiling: echo.control.ceiling };
    this.#apply({ control, state: echo.state, reason: 'the refusals were chance' }, nowMs);
    return true;
  }

  /** The limit without a running probe of the latency. */
  #baseConcurrency(): number {
    return this.#state.name === 'probe-rtt' ? this.#state.savedConcurrency : this.#control.concurrency;
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
      this.#overloadCutAtMs = nowMs + this.#settings.feedbackDelayMs;
      this.#goodAnswers = 0;
    }
    const observed = this.#observe(nowMs);
    if (change > 0) this.#rate.paceGrew(nowMs);
    const settle = change === 0 ? 0 : change > 0 ? settleAfterIncrease : settleAfterDecrease;
    const delayMs = change === 0 ? 0 : settle * this.#control.reactionMs + this.#settings.feedbackDelayMs;
    this.#interval = new IntervalCollector(nowMs, nowMs + delayMs, this.#settings.clientElu);
    if (decision.reason !== undefined) this.#report(from, decision.reason, observed);
    if (this.#transitions.length > 0) this.#nextTickMs = Math.min(this.#nextTickMs, nowMs);
  }

  #observe(nowMs: number): Observation {
    const { p50Ms, p95Ms, throughputPerS, overloads, results } = this.#interval.read(nowMs);
    return {
      inFlight: this.#flights.size,
      p50Ms,
      p95Ms,
      baselineP50Ms: this.#control.baseline?.p50Ms ?? Number.NaN,
      goodputPerSecond: throughputPerS,
      overloadShare: results > 0 ? overloads / results : 0,
    };
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

  /**
   * A steady pace, and the moment at which the round can be over: a late end of every round would slow STARTUP down.
   */
  #nextLookMs(nowMs: number): number {
    const dueMs = this.#interval.startMs + leastRoundMs(this.#settings, this.#control, this.#state);
    const lookMs = nowMs + this.#tickMs();
    return dueMs > nowMs ? Math.min(dueMs, lookMs) : lookMs;
  }

  #tickMs(): number {
    return Math.min(mostTickMs, Math.max(leastTickMs, this.#control.reactionMs / looksPerReaction));
  }
}

/** Rounded for a file, never to 0, which no snapshot may hold. */
function hundredths(value: number): number {
  return Math.max(0.01, Math.round(100 * value) / 100);
}
