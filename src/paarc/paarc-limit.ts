/** PAARC for one host: the Limit that keeps the state and calls step. */
import { acceptErrors, capConnections, endBackoff, endOutage, waitForRate } from './backoff.ts';
import { type Blame, ErrorBlame, heldConcurrency } from './blame.ts';
import { foldShown } from './error-cause.ts';
import {
  type Limit,
  type Load,
  type Observation,
  type Outcome,
  pauseOf,
  type SendToken,
  type Transition,
} from './limit.ts';
import { CutEcho, cutForOverload, fallSilent, isOverloadedEarly } from './overload.ts';
import { type Flight, type Refusal, Refusals } from './refusals.ts';
import { Rounds } from './rounds.ts';
import { assertSnapshot, type Snapshot, snapshotOf } from './snapshot.ts';
import {
  baseConcurrency,
  type Control,
  type Decision,
  initialControl,
  isOutage,
  outageSpacingMs,
  type PaarcState,
  provenConcurrency,
  warmStart,
  waveSpacingMs,
} from './state.ts';
import { step } from './step.ts';
import { outageAnswers, outageFailures, settleAfterDecrease, settleAfterIncrease } from './tuning.ts';
import { assertPaarcSettings, type DelayedSettings } from './valid-settings.ts';

/** PAARC for one host. Every number it uses comes in; docs/paarc.md describes it. */
export class PaarcLimit implements Limit {
  readonly #settings: DelayedSettings;
  readonly #feedbackDelayMs: number;
  readonly #random: () => number;
  readonly #refusals: Refusals;
  readonly #flights = new Map<SendToken, Flight>();
  #nextToken = 0;
  #control: Control;
  #state: PaarcState = { name: 'init' };
  readonly #rounds: Rounds;
  #overloadCutAtMs = Number.NEGATIVE_INFINITY;
  #echo: CutEcho | undefined;
  readonly #blame: ErrorBlame;
  /** Overloads without anything else between them. */
  #failuresInARow = 0;
  #goodAnswers = 0;
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
    this.#refusals = new Refusals(settings);
    this.#blame = new ErrorBlame(settings);
    this.#rounds = new Rounds(settings, startMs);
    if (warm === undefined) return;
    assertSnapshot(warm);
    ({ control: this.#control, state: this.#state } = warmStart(settings, warm, startMs));
    if (warm.requestsPerSecond !== undefined) this.#refusals.rate.warm(warm.requestsPerSecond, startMs);
  }

  /** What to keep of this host; undefined while nothing is known. */
  snapshot(): Snapshot | undefined {
    const { baseline, recoverConcurrency } = this.#control;
    const carried = Math.max(provenConcurrency(this.#control, this.#state), recoverConcurrency);
    return snapshotOf(baseline, carried, this.#refusals.rate);
  }

  get permits(): number {
    return this.#refusals.isShut || isOutage(this.#state) ? 1 : Math.floor(this.#control.concurrency);
  }

  get spacingMs(): number {
    const { maxRequestsPerSecond = Number.POSITIVE_INFINITY, rateSafety } = this.#settings;
    const perS = Math.min(this.#refusals.rate.perS, rateSafety * maxRequestsPerSecond);
    const byRate = Math.max(1000 / perS, waveSpacingMs(this.#settings, this.#control));
    if (!isOutage(this.#state)) return byRate;
    return Math.max(byRate, outageSpacingMs(this.#failuresInARow) / (1 + this.#goodAnswers));
  }

  get pauseUntilMs(): number {
    return this.#refusals.pauseUntilMs;
  }

  get nextTickMs(): number {
    return this.#nextTickMs;
  }

  onSend(nowMs: number, inFlight: number): SendToken {
    const token = this.#nextToken++;
    // The host's time begins with its first request, however long ago its controller was made.
    if (token === 0) this.#rounds.begin(nowMs, 0);
    else if (this.#nextTickMs === Number.POSITIVE_INFINITY) this.#rounds.sendsAgain(nowMs, this.#state);
    this.#flights.set(token, this.#refusals.send(nowMs, inFlight));
    if (this.#nextTickMs === Number.POSITIVE_INFINITY)
      this.#nextTickMs = this.#rounds.nextLookMs(nowMs, this.#control, this.#state);
    return token;
  }

  onResult(token: SendToken, outcome: Outcome, nowMs: number): void {
    const flight = this.#flights.get(token);
    if (flight === undefined) throw new RangeError(`token ${token}: not in flight; every send has exactly one result`);
    this.#flights.delete(token);
    const pauseMs = pauseOf(outcome);
    if (pauseMs !== undefined) this.#refusals.rate.pauseFor(pauseMs, nowMs, this.#random());
    this.#rounds.answers(nowMs, this.#control);
    const isOverload = outcome.kind === 'overload';
    this.#echo?.hear(flight.mark.atMs, flight.inFlight, isOverload);
    this.#blame.hear(flight, isOverload, nowMs);
    this.#failuresInARow = isOverload ? this.#failuresInARow + 1 : 0;
    switch (outcome.kind) {
      case 'ok':
        this.#rounds.interval.ok(nowMs, outcome.serviceMs);
        if (this.#rounds.isOver(nowMs, this.#control, this.#state, this.#flights.keys()))
          this.#nextTickMs = Math.min(this.#nextTickMs, nowMs);
        this.#refusals.grant(flight, nowMs);
        return this.#answered(flight, nowMs);
      case 'neutral':
        this.#rounds.interval.neutral(nowMs, nowMs - flight.mark.atMs);
        this.#refusals.grant(flight, nowMs);
        return this.#answered(flight, nowMs);
      case 'rate':
        this.#refused(flight, { retryAfterMs: pauseMs, isShut: outcome.isShut }, nowMs);
        return this.#answered(flight, nowMs);
      case 'overload':
        return this.#overloaded(flight, outcome.serviceMs, nowMs);
    }
  }

  tick(nowMs: number, load: Load): Transition | undefined {
    if (nowMs < this.#nextTickMs) return undefined;
    const idle = load.inFlight === 0 && this.#flights.size === 0;
    if (idle) this.#rounds.idle(nowMs);
    this.#rounds.interval.look(nowMs, load, this.permits);
    const moved = this.#refusals.rate.advance(nowMs, this.#control.reactionMs);
    if (moved !== undefined) this.#report(this.#state.name, moved, this.#observe(nowMs));
    this.#advance(nowMs);
    const pending = this.#transitions.shift();
    if (this.#transitions.length > 0) this.#nextTickMs = nowMs;
    else
      this.#nextTickMs = idle ? Number.POSITIVE_INFINITY : this.#rounds.nextLookMs(nowMs, this.#control, this.#state);
    return pending;
  }

  #advance(nowMs: number): void {
    if (this.#undoCut(nowMs) || this.#judgeErrors(nowMs)) return;
    const settings = this.#settings;
    const control = this.#control;
    const state = this.#state;
    if (state.name === 'backoff' && nowMs >= state.untilMs) {
      this.#apply(
        endBackoff(settings, control, state, this.#rounds.interval.read(nowMs), nowMs, this.#random()),
        nowMs,
      );
    } else if (this.#rounds.isOver(nowMs, this.#control, this.#state, this.#flights.keys())) {
      this.#apply(step(settings, control, state, this.#rounds.interval.read(nowMs), nowMs, this.#random()), nowMs);
    }
  }

  #answered(flight: Flight, nowMs: number): void {
    // What had gone out before an outage says nothing about its end.
    if (isOutage(this.#state) && flight.mark.atMs <= this.#overloadCutAtMs) return;
    this.#goodAnswers++;
    if (!isOutage(this.#state)) return;
    this.#blame.probed(false);
    if (this.#goodAnswers >= outageAnswers) this.#apply(endOutage(this.#settings, this.#control), nowMs);
  }

  #refused(flight: Flight, said: Refusal, nowMs: number): void {
    const answer = this.#refusals.refuse(flight, said, nowMs, this.#control.reactionMs, this.#random());
    switch (answer.kind) {
      case 'nothing':
        return;
      case 'crowded':
        return this.#overloaded(flight, 0, nowMs, true);
      case 'cap':
        return this.#apply(capConnections(this.#control, answer.connections, nowMs), nowMs);
      case 'wait':
        if (isOutage(this.#state)) return;
        this.#apply(waitForRate(this.#settings, this.#control, this.#state, answer.untilMs, answer.reason), nowMs);
    }
  }

  /** @param isCrowd - too many at once, whatever errors mean otherwise */
  #overloaded(flight: Flight, serviceMs: number, nowMs: number, isCrowd = false): void {
    this.#goodAnswers = 0;
    if (flight.inFlight === 1) this.#control = { ...this.#control, refusedAloneAtMs: nowMs };
    if (isOutage(this.#state)) this.#blame.probed(true);
    const isRate = this.#blame.areErrorsRate && !isCrowd && this.#failuresInARow < outageFailures;
    if (isRate)
      return this.#blame.isRepeated ? this.#refused(flight, {}, nowMs) : this.#refusals.rate.crowded(flight.mark);
    if (this.#failuresInARow >= outageFailures && !isOutage(this.#state)) return this.#fallSilent(nowMs);
    if (flight.mark.atMs <= this.#overloadCutAtMs) return;
    this.#rounds.interval.overload(nowMs, serviceMs, flight.inFlight);
    if (isOutage(this.#state)) return;
    if (!isOverloadedEarly(this.#settings, this.#control, this.#rounds.interval)) return;
    const interval = this.#rounds.interval.read(nowMs);
    this.#apply(cutForOverload(this.#settings, this.#control, this.#state, interval, nowMs, this.#random()), nowMs);
  }

  #fallSilent(nowMs: number): void {
    const held = heldConcurrency(this.#settings, baseConcurrency(this.#control, this.#state), this.#state);
    const recoverConcurrency = Math.max(this.#control.recoverConcurrency, held);
    this.#apply(fallSilent(this.#settings, { ...this.#control, recoverConcurrency }), nowMs);
  }

  /** What the errors that made us cut have shown since. */
  #judgeErrors(nowMs: number): boolean {
    const { concurrency } = this.#control;
    const blame = this.#blame.judge({ concurrency, state: this.#state, ratePerS: this.#refusals.rate.perS }, nowMs);
    return blame !== undefined && this.#follow(blame, nowMs);
  }

  #follow(blame: Blame, nowMs: number): boolean {
    switch (blame.kind) {
      case 'own':
        this.#apply(acceptErrors(this.#control, blame.suspicion), nowMs);
        return true;
      case 'flood':
        this.#fallSilent(nowMs);
        return true;
      case 'rate':
        this.#refusals.rate.assume(this.#settings.rateSafety * blame.grantedPerS, nowMs, blame.granted);
        this.#apply(acceptErrors(this.#control, blame.suspicion, 'errors look like a rate'), nowMs);
        return true;
      case 'double':
        this.#refusals.rate.assume(2 * this.#refusals.rate.perS, nowMs, 1);
        return false;
      case 'open':
        this.#refusals.rate.assume(Number.POSITIVE_INFINITY, nowMs);
        if (blame.next !== undefined) return this.#follow(blame.next, nowMs);
        if (isOutage(this.#state)) return false;
        this.#apply(endOutage(this.#settings, this.#control), nowMs);
        return true;
    }
  }

  #undoCut(nowMs: number): boolean {
    const echo = this.#echo;
    if (echo === undefined || !echo.isHeard(nowMs)) return false;
    this.#echo = undefined;
    const undone = echo.undo(this.#control);
    if (undone !== undefined) this.#apply(undone, nowMs);
    return undone !== undefined;
  }

  #apply(decision: Decision, nowMs: number): void {
    const from = this.#state.name;
    const before = { control: this.#control, state: this.#state, sinceMs: this.#rounds.interval.sinceMs };
    const change = decision.control.concurrency - this.#control.concurrency;
    if (decision.reason === 'overload') this.#blame.cut({ ...this.#control, state: this.#state }, nowMs);
    const next = foldShown(decision.control, this.#control, this.#rounds.interval);
    if (decision.reason === 'outage') this.#blame.outage({ ...this.#control, state: this.#state }, nowMs);
    if (decision.reason === 'outage over') this.#blame.outageOver(nowMs);
    this.#control = next;
    this.#state = decision.state;
    // A second cut in the same cooldown is judged with the first.
    if (decision.reason === 'overload') this.#echo = CutEcho.after(before, this.#rounds.interval, nowMs) ?? this.#echo;
    else if (decision.state.name !== 'backoff' || decision.state.cause !== 'overload') this.#echo = undefined;
    if (decision.reason === 'overload' || decision.reason === 'outage') {
      this.#overloadCutAtMs = nowMs + this.#feedbackDelayMs;
      this.#goodAnswers = 0;
    }
    const observed = this.#observe(nowMs);
    if (change > 0) this.#refusals.rate.paceGrew(nowMs);
    const settle = change > 0 ? settleAfterIncrease : settleAfterDecrease;
    const delayMs = change === 0 ? 0 : settle * this.#control.reactionMs + this.#feedbackDelayMs;
    this.#rounds.begin(nowMs, delayMs);
    if (decision.reason !== undefined) this.#report(from, decision.reason, observed);
    if (this.#transitions.length > 0) this.#nextTickMs = Math.min(this.#nextTickMs, nowMs);
  }

  #observe(nowMs: number): Observation {
    return this.#rounds.interval.observe(nowMs, this.#flights.size, this.#control.baseline?.p50Ms ?? Number.NaN);
  }

  #report(from: string, reason: string, observed: Observation): void {
    this.#transitions.push({
      from,
      to: this.#state.name,
      reason,
      permits: this.permits,
      requestsPerSecond: this.#refusals.rate.perS,
      observed,
    });
  }
}
