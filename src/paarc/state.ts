/** The states of PAARC, and what it knows beyond them. */
import type { Baseline } from './baseline.ts';
import { type Ceiling, openCeiling } from './ceiling.ts';
import { type ErrorCounts, nothingSeen } from './interval.ts';
import type { PaarcSettings } from './settings.ts';
import type { Snapshot } from './snapshot.ts';
import { failuresToDouble, firstProbeMs, guessedReactionMs, lastProbeMs } from './tuning.ts';

/**
 * One measured point of the host's curve: limit, throughput per second, median latency in ms, and its ratio to the
 * baseline's.
 */
export interface Point {
  readonly concurrency: number;
  readonly throughputPerS: number;
  readonly p50Ms: number;
  readonly ratio50: number;
}

/** A test of a few errors under way: the limit it started from, and their share there. */
export interface ErrorTrial {
  readonly concurrency: number;
  readonly share: number;
}

/** The point a probe started from. */
export interface Probe extends Point {
  /** It is looked at once more: it brought less than before, and no queue. */
  readonly isSecondLook?: boolean;
}

/** The search around the operating point in PROBE_BW. It survives PROBE_RTT. */
export interface Search {
  /** Rounds since the limit last moved. */
  readonly quietRounds: number;
  /** Quiet rounds to wait before a probe costs something. */
  readonly wait: number;
  /** Probes failed in a row (pf). */
  readonly failures: number;
  /** Rounds in a row whose latency says "queue". */
  readonly degradedRounds: number;
  /** A probe under way: the point it started from. */
  readonly probe?: Probe | undefined;
  /** Cuts for latency since the last good round: limit and throughput before the first one. */
  readonly cut?: { readonly concurrency: number; readonly throughputPerS: number } | undefined;
  /** Since the limit last moved, in rounds that are over. */
  readonly errors: ErrorCounts;
  readonly trial?: ErrorTrial | undefined;
}

/** An overload in shares of requests and of their time. */
export interface OverloadShares {
  readonly ofResults: number;
  readonly ofTime: number;
}

export interface InitState {
  readonly name: 'init';
}
export interface StartupState {
  readonly name: 'startup';
  /** The last round in which more permits brought throughput. */
  readonly knee?: Point | undefined;
  /** Rounds in a row in which more permits brought no throughput. */
  readonly flatRounds: number;
  /** Where it ends at the latest: the limit to return to, or Infinity. */
  readonly untilConcurrency: number;
}
export interface ProbeBwState {
  readonly name: 'probe-bw';
  readonly search: Search;
}
export interface ProbeRttState {
  readonly name: 'probe-rtt';
  readonly savedConcurrency: number;
  readonly search: Search;
}
export interface BackoffState {
  readonly name: 'backoff';
  readonly cause: 'overload' | 'rate' | 'outage';
  readonly untilMs: number;
  /** What was measured when the limit was cut; undefined for a cause that cuts nothing. */
  readonly before?: OverloadShares | undefined;
  /** Number in flight that met the first refusals. */
  readonly refusedAt?: number | undefined;
  /** Cuts in a row before this one. */
  readonly repeats: number;
}

/** The five states of PAARC. */
export type PaarcState = InitState | StartupState | ProbeBwState | ProbeRttState | BackoffState;

/**
 * What is remembered while our own side is the bottleneck: the limit comes down to what we can use, nothing is learned
 * about the host, and the limit of before comes back when we are free again.
 */
export interface ClientGuard {
  /** Throughput we reached while limited, decaying (X_c), per second. */
  readonly reachedPerS: number;
  /** Limit to return to; 0 when not reduced. */
  readonly savedConcurrency: number;
}

/** Our side is not narrow. */
export const openGuard: ClientGuard = { reachedPerS: 0, savedConcurrency: 0 };

/** What PAARC knows beyond its state. Frozen: a step makes a new one. */
export interface Control {
  /** C, real-valued; the gate sees its floor. */
  readonly concurrency: number;
  /** Undefined until INIT has ended. */
  readonly baseline: Baseline | undefined;
  /** W: how long a change of the limit takes to show, the last round's median latency. */
  readonly reactionMs: number;
  /** How long a request takes on the whole without a queue; 0 while unknown. */
  readonly meanMs: number;
  /** Many are fast and few slow, so that the median says nothing of a queue, but the mean does. */
  readonly isMixed: boolean;
  readonly ceiling: Ceiling;
  readonly guard: ClientGuard;
  /** Share of overload results that stayed when the limit was cut: not caused by our load. Undefined until tested. */
  readonly shownErrors: number | undefined;
  /** The limit that was in force before a cut; 0 when there is nothing to return to. */
  readonly recoverConcurrency: number;
  /** When the host last refused a request that met no other. */
  readonly refusedAloneAtMs: number;
  readonly probeRttAtMs: number;
  readonly skippedProbeRtts: number;
}

/** What one step decided. Without a reason nothing moved. */
export interface Decision {
  readonly control: Control;
  readonly state: PaarcState;
  readonly reason?: string | undefined;
}

/** A host nothing is known of. */
export function initialControl(settings: PaarcSettings, startMs: number): Control {
  return {
    concurrency: settings.cInit,
    baseline: undefined,
    reactionMs: guessedReactionMs,
    meanMs: 0,
    isMixed: false,
    ceiling: openCeiling,
    guard: openGuard,
    shownErrors: undefined,
    recoverConcurrency: 0,
    refusedAloneAtMs: Number.NEGATIVE_INFINITY,
    probeRttAtMs: startMs + settings.probeRttPeriodMs,
    skippedProbeRtts: 0,
  };
}

/**
 * A host known from before: half of its limit at once, the rest by STARTUP; its latency until a round shows the present
 * one.
 */
export function warmStart(settings: PaarcSettings, warm: Snapshot, startMs: number): Decision {
  const concurrency = Math.min(settings.cMax, Math.max(settings.cInit, warm.concurrency / 2));
  const control: Control = {
    ...initialControl(settings, startMs),
    concurrency,
    baseline: { p50Ms: warm.p50Ms, p95Ms: warm.p95Ms, durations: new Float32Array(0) },
    reactionMs: warm.p50Ms,
  };
  const untilConcurrency = Math.max(concurrency, Math.min(settings.cMax, warm.concurrency));
  return { control, state: beginStartup(untilConcurrency) };
}

/** STARTUP before its first round. @param untilConcurrency - where it ends at the latest, or Infinity */
export function beginStartup(untilConcurrency: number): StartupState {
  return { name: 'startup', flatRounds: 0, untilConcurrency };
}

/** The limit without what a look at the unloaded latency takes off it. */
export function baseConcurrency(control: Control, state: PaarcState): number {
  return state.name === 'probe-rtt' ? state.savedConcurrency : control.concurrency;
}

/**
 * What the host has carried, the limit that STARTUP leads back to included: a short visit must not make a host look
 * smaller than it is.
 */
export function provenConcurrency(control: Control, state: PaarcState): number {
  const returningTo = state.name === 'startup' ? state.untilConcurrency : 0;
  return Math.max(baseConcurrency(control, state), returningTo === Number.POSITIVE_INFINITY ? 0 : returningTo);
}

/** A search that begins. */
export function newSearch(wait: number): Search {
  return { quietRounds: 0, wait, failures: 0, degradedRounds: 0, errors: nothingSeen };
}

/** Twice the rate that Little's law gives for the limit: a wave of permits must not arrive as one burst. */
export function waveSpacingMs({ cInit }: PaarcSettings, { baseline, reactionMs, concurrency }: Control): number {
  // Whoever refused before that is known may have refused those that came at once.
  const latencyMs = baseline?.p50Ms ?? (concurrency < cInit ? reactionMs : 0);
  return latencyMs / (2 * concurrency);
}

/** The host answers nothing but errors. */
export function isOutage(state: PaarcState): boolean {
  return state.name === 'backoff' && state.cause === 'outage';
}

/** Time between two requests to a host that is out. */
export function outageSpacingMs(failuresInARow: number): number {
  return Math.min(lastProbeMs, firstProbeMs * (1 + failuresInARow / failuresToDouble));
}
