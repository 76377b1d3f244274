/** What a decision makes of what is known of a host. */
import { cutFor, heldConcurrency, outageBegan, outageOver } from './blame.ts';
import { foldShown } from './error-cause.ts';
import { type Host, permitsOf, placeOf } from './host.ts';
import { observe, Round, read } from './interval.ts';
import { beginEcho, fallSilent, fittingConcurrency } from './overload.ts';
import { paceGrew } from './rate-search.ts';
import { baseConcurrency, type Decision } from './state.ts';
import { settleAfterDecrease } from './tuning.ts';
import type { DelayedSettings } from './valid-settings.ts';

/** What was decided is in force, and a new round begins. */
export function apply(settings: DelayedSettings, host: Host, decision: Decision, nowMs: number): void {
  const before = { control: host.control, state: host.state, round: host.round };
  const { state, reason } = decision;
  const { feedbackDelayMs = 0 } = settings;
  const change = decision.control.concurrency - before.control.concurrency;
  host.control = foldShown(decision.control, before.control, before.round);
  host.state = state;
  blameAfter(settings, host, before, reason, nowMs);
  // A second cut in the same cooldown is judged with the first.
  const isCooling = state.name === 'backoff' && state.cause === 'overload';
  if (reason === 'overload' && before.state.name !== 'backoff')
    host.echo = beginEcho(before.control, before.state, before.round, nowMs);
  else if (!isCooling) host.echo = undefined;
  if (reason === 'overload' || reason === 'outage') {
    host.cutAtMs = nowMs + feedbackDelayMs;
    host.goodAnswers = 0;
  }
  if (change > 0) host.rate = paceGrew(host.rate, placeOf(host, nowMs));
  const settle = change > 0 ? 1 : settleAfterDecrease;
  host.round = new Round(nowMs, change === 0 ? 0 : settle * host.control.reactionMs + feedbackDelayMs);
  if (reason !== undefined) report(settings, before, host, reason, nowMs);
}

function blameAfter(
  settings: DelayedSettings,
  host: Host,
  { control, state, round }: Pick<Host, 'control' | 'state' | 'round'>,
  reason: string | undefined,
  nowMs: number,
): void {
  if (reason === 'outage') host.blame = outageBegan(host.blame, nowMs);
  if (reason === 'outage' || reason === 'overload') {
    const fitting = fittingConcurrency(settings, control, round);
    host.blame = cutFor(settings, host.blame, Math.min(control.concurrency, fitting), state, nowMs);
  }
  if (reason === 'outage over') host.blame = outageOver(host.blame, nowMs);
}

/** @param before - whose round is what the decision rests on */
export function report(
  { clientElu }: DelayedSettings,
  before: Pick<Host, 'state' | 'round'>,
  host: Host,
  reason: string,
  nowMs: number,
): void {
  const transition = {
    from: before.state.name,
    to: host.state.name,
    reason,
    permits: permitsOf(host),
    requestsPerSecond: host.rate.estimate.perS,
    observed: observe(read(before.round, clientElu, nowMs), host.flying, host.control.baseline?.p50Ms ?? Number.NaN),
  };
  host.transitions = [...host.transitions, transition];
}

/** Nothing but errors. */
export function silenced(settings: DelayedSettings, host: Host, nowMs: number): void {
  const { control, state } = host;
  const held = heldConcurrency(settings, baseConcurrency(control, state), state);
  const fitting = fittingConcurrency(settings, control, host.round);
  const recoverConcurrency = Math.min(Math.max(control.recoverConcurrency, held), fitting);
  apply(settings, host, fallSilent(settings, { ...control, recoverConcurrency }), nowMs);
}
