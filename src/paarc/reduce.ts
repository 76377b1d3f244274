/** PAARC: what one event makes of what is known of a host. */
import { apply, report, silenced } from './apply.ts';
import { acceptErrors, capConnections, endBackoff, endOutage, waitForRate } from './backoff.ts';
import { heard, judgeErrors, probed, type Verdict } from './blame.ts';
import { rested, withEnded } from './gaps.ts';
import { copyOfHost, type Host, permitsOf, placeOf } from './host.ts';
import { Round, read, withLook, withResult } from './interval.ts';
import { type Flight, newLevels, withGrant, withRefusal } from './levels.ts';
import { type Load, type Outcome, pauseOf } from './limit.ts';
import { cutForOverload, isHeard, isOverloadedEarly, undoCut, withAnswer } from './overload.ts';
import { roomOf } from './rate-estimate.ts';
import { advanceRate, assumeRate, beforeSend, crowded, pauseFor, spaceOut } from './rate-search.ts';
import { grantedBy, type Refusal, refusedBy } from './refusals.ts';
import { isRoundOver, nextLookMs } from './rounds.ts';
import { isOutage } from './state.ts';
import { step } from './step.ts';
import {
  chanceResults,
  gapBaselines,
  gapLeastMs,
  gapSettles,
  leastAnswers,
  outageAnswers,
  outageFailures,
  restMs,
  watchedSends,
} from './tuning.ts';
import type { DelayedSettings } from './valid-settings.ts';

/** What happens to a host. Times in monotonic ms; `jitter` uniform in 0..1, where many could return together. */
export type HostEvent =
  | { readonly kind: 'send'; readonly nowMs: number }
  | {
      readonly kind: 'result';
      readonly nowMs: number;
      readonly flight: Flight;
      readonly outcome: Outcome;
      readonly jitter: number;
    }
  | { readonly kind: 'look'; readonly nowMs: number; readonly load: Load; readonly jitter: number };

type ResultEvent = Extract<HostEvent, { kind: 'result' }>;
type LookEvent = Extract<HostEvent, { kind: 'look' }>;

/**
 * What one event makes of what is known of a host: total, and of nothing but its arguments, so that the same events make
 * the same decisions. They are in `transitions`. Source: docs/paarc.md.
 */
export function reduce(settings: DelayedSettings, before: Readonly<Host>, event: HostEvent): Readonly<Host> {
  const host = copyOfHost(before);
  switch (event.kind) {
    case 'send':
      sent(settings, host, event.nowMs);
      break;
    case 'result':
      ended(settings, host, event);
      break;
    case 'look':
      looked(settings, host, event);
      break;
  }
  return host;
}

function sent(settings: DelayedSettings, host: Host, nowMs: number): void {
  host.rate = beforeSend(settings, host.rate, placeOf(host, nowMs));
  host.sends++;
  host.lastSendAtMs = nowMs;
  host.flying++;
  if (host.sends <= settings.cInit) host.firstFlying++;
  if (host.sends === 1) host.firstSendAtMs = nowMs;
  const isIdle = host.nextLookMs === Number.POSITIVE_INFINITY;
  const isRested = isIdle && nowMs - host.idleSinceMs > restMs;
  // The host's time begins with its first request, however long ago its controller was made; and a round that goes on
  // over a rest would take it for slowness. INIT only counts samples, so it may go on.
  if (host.sends === 1 || (isRested && host.state.name !== 'init')) host.round = new Round(nowMs, 0);
  if (isIdle) host.nextLookMs = nextLookMs(settings, host, nowMs);
}

function ended(settings: DelayedSettings, host: Host, event: ResultEvent): void {
  const { flight, outcome, nowMs, jitter } = event;
  const { mark, inFlight } = flight;
  const pauseMs = pauseOf(outcome);
  const serviceMs = outcome.kind === 'neutral' ? nowMs - mark.atMs : outcome.serviceMs;
  // Who says when speaks of time.
  const kind = outcome.kind === 'overload' && pauseMs !== undefined ? 'rate' : outcome.kind;
  const isError = kind === 'overload';
  host.flying--;
  if (mark.sends <= settings.cInit) host.firstFlying--;
  if (pauseMs !== undefined) host.rate = pauseFor(host.rate, pauseMs, nowMs, jitter);
  skipGap(host, nowMs);
  host.echo = host.echo && withAnswer(host.echo, mark.atMs, inFlight, isError);
  countGaps(host, flight, outcome, kind);
  countErrors(host, flight, isError, nowMs);
  switch (kind) {
    case 'ok':
    case 'neutral':
      host.round = withResult(host.round, nowMs, kind, serviceMs, inFlight, !isBeforeLook(host, flight));
      if (kind === 'ok' && isRoundOver(settings, host, nowMs)) host.nextLookMs = Math.min(host.nextLookMs, nowMs);
      grantedBy(host, flight, nowMs);
      return answered(settings, host, event);
    case 'rate': {
      const isShut = outcome.kind === 'rate' && outcome.isShut;
      refused(settings, host, { retryAfterMs: pauseMs, isShut }, event);
      return answered(settings, host, event);
    }
    case 'overload':
      return overloaded(settings, host, serviceMs, event);
  }
}

/** A host that said nothing for long and answers again: its delay is no queue of ours, and no round to learn from. */
function skipGap(host: Host, nowMs: number): void {
  const { baseline, reactionMs } = host.control;
  const gapMs = nowMs - host.lastResultMs;
  host.lastResultMs = nowMs;
  if (baseline === undefined || gapMs < Math.max(gapLeastMs, gapBaselines * baseline.p95Ms)) return;
  host.round = new Round(nowMs, gapSettles * Math.min(reactionMs, gapMs));
}

/** What went out before a look at half the load says nothing of the errors that this brings. */
function isBeforeLook({ state, round }: Host, { mark }: Flight): boolean {
  return state.name === 'probe-rtt' && mark.atMs < round.sinceMs;
}

function countGaps(host: Host, flight: Flight, outcome: Outcome, kind: Outcome['kind']): void {
  const { suspicion, trial } = host.blame;
  const isAsked = suspicion !== undefined || (trial !== undefined && trial.phase !== 'spaced');
  // Who was aborted may have been let in.
  const isUntold = outcome.kind === 'neutral' && outcome.isDenied !== true;
  host.gaps =
    isAsked || flight.mark.sends <= watchedSends
      ? withEnded(host.gaps, flight, isUntold ? undefined : kind === 'overload' || kind === 'rate')
      : rested(host.gaps);
}

function countErrors(host: Host, flight: Flight, isError: boolean, nowMs: number): void {
  const { errorLevels, blame } = host;
  host.resultsSinceError++;
  if (!isError) host.failuresInARow = 0;
  else if (flight.mark.atMs > host.cutAtMs) host.failuresInARow++;
  host.errorLevels = isError ? withRefusal(errorLevels, flight, nowMs) : withGrant(errorLevels, flight);
  host.blame = heard(blame, flight, isError);
  if (!isError) return;
  host.isRepeated = host.resultsSinceError <= chanceResults;
  host.resultsSinceError = 0;
}

/** Not an overload. */
function answered(settings: DelayedSettings, host: Host, { flight, nowMs }: ResultEvent): void {
  const isOut = isOutage(host.state);
  // What had gone out before an outage says nothing about its end.
  if (isOut && flight.mark.atMs <= host.cutAtMs) return;
  host.goodAnswers++;
  if (!isOut) return;
  host.blame = probed(host.blame, false);
  if (host.goodAnswers >= outageAnswers) apply(settings, host, endOutage(settings, host.control), nowMs);
}

function refused(settings: DelayedSettings, host: Host, said: Refusal, event: ResultEvent): void {
  const { flight, nowMs, jitter } = event;
  const answer = refusedBy(settings, host, flight, said, nowMs, jitter);
  const { control, state } = host;
  switch (answer.kind) {
    case 'nothing':
      return;
    case 'crowded':
      return overloaded(settings, host, 0, event, true);
    case 'cap':
      return apply(settings, host, capConnections(control, answer.connections, nowMs), nowMs);
    case 'chance':
      return apply(settings, host, acceptErrors(control, answer.suspicion, 'refusals are chance'), nowMs);
    case 'wait':
      if (isOutage(state)) return;
      return apply(settings, host, waitForRate(settings, control, state, answer.untilMs, answer.reason), nowMs);
  }
}

/** @param isCrowd - too many at once, whatever errors mean otherwise */
function overloaded(
  settings: DelayedSettings,
  host: Host,
  serviceMs: number,
  event: ResultEvent,
  isCrowd = false,
): void {
  const { flight, nowMs, jitter } = event;
  const isOut = isOutage(host.state);
  const isFailing = host.failuresInARow >= outageFailures;
  host.goodAnswers = 0;
  if (flight.inFlight === 1) host.control = { ...host.control, refusedAloneAtMs: nowMs };
  if (isOut) host.blame = probed(host.blame, true);
  if (host.blame.trial !== undefined && !isCrowd && !isFailing) {
    if (host.isRepeated) return refused(settings, host, {}, event);
    host.rate = crowded(host.rate, flight.mark);
    return;
  }
  if (isFailing && !isOut) return silenced(settings, host, nowMs);
  if (flight.mark.atMs <= host.cutAtMs || isBeforeLook(host, flight)) return;
  host.round = withResult(host.round, nowMs, 'overload', serviceMs, flight.inFlight);
  if (isOut || !isOverloadedEarly(settings, host.control, host.round)) return;
  // Whether most fail is not told by three.
  if (host.state.name === 'probe-rtt' && host.round.results < leastAnswers) return;
  const interval = read(host.round, settings.clientElu, nowMs);
  apply(settings, host, cutForOverload(settings, host.control, host.state, interval, nowMs, jitter), nowMs);
}

function looked(settings: DelayedSettings, host: Host, event: LookEvent): void {
  const { nowMs, load } = event;
  const isIdle = load.inFlight === 0 && host.flying === 0;
  if (isIdle) host.idleSinceMs = nowMs;
  host.round = withLook(host.round, nowMs, load, permitsOf(host));
  const { rate, reason } = advanceRate(settings, host.rate, placeOf(host, nowMs), host.control.reactionMs);
  host.rate = rate;
  if (reason !== undefined) report(settings, host, host, reason, nowMs);
  decide(settings, host, event);
  host.nextLookMs = isIdle ? Number.POSITIVE_INFINITY : nextLookMs(settings, host, nowMs);
}

/** Whatever is due; what errors have shown by now comes first. */
function decide(settings: DelayedSettings, host: Host, { nowMs, jitter }: LookEvent): void {
  if (undo(settings, host, nowMs) || judge(settings, host, nowMs)) return;
  const { control, state, round } = host;
  const { clientElu } = settings;
  if (state.name === 'backoff' && nowMs >= state.untilMs) {
    const interval = read(round, clientElu, nowMs);
    apply(settings, host, endBackoff(settings, control, state, interval, nowMs, jitter), nowMs);
  } else if (isRoundOver(settings, host, nowMs)) {
    apply(settings, host, step(settings, control, state, read(round, clientElu, nowMs), nowMs, jitter), nowMs);
  }
}

function undo(settings: DelayedSettings, host: Host, nowMs: number): boolean {
  const { echo } = host;
  if (echo === undefined || !isHeard(echo, nowMs)) return false;
  host.echo = undefined;
  const undone = undoCut(echo, host.control);
  if (undone !== undefined) apply(settings, host, undone, nowMs);
  return undone !== undefined;
}

/** What the errors that made us cut have shown since. */
function judge(settings: DelayedSettings, host: Host, nowMs: number): boolean {
  const { blame, verdict, isAnew } = judgeErrors(host.blame, host, host.state, host.rate.estimate.perS, nowMs);
  host.blame = blame;
  if (isAnew) host.errorLevels = newLevels(0);
  return verdict !== undefined && follow(settings, host, verdict, nowMs);
}

/** @returns whether the limit was decided on */
function follow(settings: DelayedSettings, host: Host, verdict: Verdict, nowMs: number): boolean {
  const place = placeOf(host, nowMs);
  switch (verdict.kind) {
    case 'own':
      apply(settings, host, acceptErrors(host.control, verdict.suspicion), nowMs);
      return true;
    case 'flood':
      silenced(settings, host, nowMs);
      return true;
    case 'rate':
      host.rate = assumeRate(host.rate, settings.rateSafety * verdict.perS, place, verdict.room);
      apply(settings, host, acceptErrors(host.control, verdict.suspicion, 'errors look like a rate'), nowMs);
      return true;
    case 'spaced':
      host.rate = spaceOut(settings, host.rate, verdict.gap, place);
      host.resultsSinceError = chanceResults + 1;
      apply(settings, host, acceptErrors(host.control, verdict.suspicion, 'refused what came too soon'), nowMs);
      return true;
    case 'double':
      host.rate = assumeRate(host.rate, 2 * host.rate.estimate.perS, place, roomOf(1));
      return false;
    case 'open':
      host.rate = assumeRate(host.rate, Number.POSITIVE_INFINITY, place);
      if (verdict.next !== undefined) return follow(settings, host, verdict.next, nowMs);
      if (isOutage(host.state)) return false;
      apply(settings, host, endOutage(settings, host.control), nowMs);
      return true;
  }
}
