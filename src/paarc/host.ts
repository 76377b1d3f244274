/** All that PAARC knows of one host, and what it lets a gate do. */
import { type ErrorBlame, noBlame } from './blame.ts';
import { type Gaps, noGaps } from './gaps.ts';
import { Round } from './interval.ts';
import { type Levels, newLevels } from './levels.ts';
import type { Transition } from './limit.ts';
import type { CutEcho } from './overload.ts';
import { newRateSearch, type Place, type RateSearch } from './rate-search.ts';
import { noSilence, type Silence } from './silence.ts';
import type { Snapshot } from './snapshot.ts';
import {
  type Control,
  type Decision,
  initialControl,
  isOutage,
  outageSpacingMs,
  type PaarcState,
  warmStart,
  waveSpacingMs,
} from './state.ts';
import type { DelayedSettings } from './valid-settings.ts';

/**
 * All that PAARC knows of one host. An event makes a new one: the reducer changes a copy, and what a field holds is
 * frozen.
 */
export class Host {
  control: Control;
  state: PaarcState;
  round: Readonly<Round>;
  rate: RateSearch;
  blame: ErrorBlame = noBlame;
  echo: CutEcho | undefined;
  /** Errors of what was sent before belong to the last cut. */
  cutAtMs = Number.NEGATIVE_INFINITY;
  /** The host refuses everything; and a moment for its bucket. */
  silence: Silence = noSilence;
  holdUntilMs = 0;
  /** Since the first refusal that said nothing of time, and the cap that they have shown. */
  levels: Levels | undefined;
  capAt: number | undefined;
  /** The falling rates at which single requests were refused; and whether refusals are chance, as errors are. */
  singleRefusals: readonly number[] = [];
  areRefusalsChance = false;
  /** When the first and the newest request went out, and how many there were. */
  firstSendAtMs = 0;
  lastSendAtMs = 0;
  sends = 0;
  /** Requests under way, and those among them that went out first of all. */
  flying = 0;
  firstFlying = 0;
  lastResultMs = Number.POSITIVE_INFINITY;
  granted = 0;
  /** Overloads without anything else between them. */
  failuresInARow = 0;
  goodAnswers = 0;
  errorLevels: Levels = newLevels(0);
  gaps: Gaps = noGaps;
  resultsSinceError = 0;
  /** The newest error came soon after another one. A single one is chance, and as a 429 it would cost the rate. */
  isRepeated = false;
  idleSinceMs = 0;
  /** When to look at the load; Infinity while there is none. */
  nextLookMs = Number.POSITIVE_INFINITY;
  /** What the newest event decided, in order. */
  transitions: readonly Transition[] = [];

  constructor(control: Control, state: PaarcState, round: Readonly<Round>, rate: RateSearch) {
    this.control = control;
    this.state = state;
    this.round = round;
    this.rate = rate;
  }
}

/** @param warm - what an earlier run or hosts alike have shown */
export function newHost(settings: DelayedSettings, startMs: number, warm?: Snapshot): Host {
  const rate = newRateSearch(settings, startMs, warm?.requestsPerSecond);
  const { control, state }: Decision =
    warm === undefined
      ? { control: initialControl(settings, startMs), state: { name: 'init' } }
      : warmStart(settings, warm, startMs);
  return new Host(control, state, new Round(startMs, 0), rate);
}

/** The same without what was decided. Assignments, because a spread takes twenty times as long (measured, Node 20). */
export function copyOfHost(from: Readonly<Host>): Host {
  const to = new Host(from.control, from.state, from.round, from.rate);
  to.blame = from.blame;
  to.echo = from.echo;
  to.cutAtMs = from.cutAtMs;
  to.silence = from.silence;
  to.holdUntilMs = from.holdUntilMs;
  to.levels = from.levels;
  to.capAt = from.capAt;
  to.singleRefusals = from.singleRefusals;
  to.areRefusalsChance = from.areRefusalsChance;
  to.firstSendAtMs = from.firstSendAtMs;
  to.lastSendAtMs = from.lastSendAtMs;
  to.sends = from.sends;
  to.flying = from.flying;
  to.firstFlying = from.firstFlying;
  to.lastResultMs = from.lastResultMs;
  to.granted = from.granted;
  to.failuresInARow = from.failuresInARow;
  to.goodAnswers = from.goodAnswers;
  to.errorLevels = from.errorLevels;
  to.gaps = from.gaps;
  to.resultsSinceError = from.resultsSinceError;
  to.isRepeated = from.isRepeated;
  to.idleSinceMs = from.idleSinceMs;
  to.nextLookMs = from.nextLookMs;
  return to;
}

/** Requests that may be in flight. */
export function permitsOf({ silence, state, control }: Readonly<Host>): number {
  return silence.lengthMs > 0 || isOutage(state) ? 1 : Math.floor(control.concurrency);
}

/** Least time between two sends. */
export function spacingOf(settings: DelayedSettings, host: Readonly<Host>): number {
  const { maxRequestsPerSecond = Number.POSITIVE_INFINITY, rateSafety } = settings;
  const perS = Math.min(host.rate.estimate.perS, rateSafety * maxRequestsPerSecond);
  const byRate = Math.max(1000 / perS, waveSpacingMs(settings, host.control));
  if (!isOutage(host.state)) return byRate;
  return Math.max(byRate, outageSpacingMs(host.failuresInARow) / (1 + host.goodAnswers));
}

/** No send before this time. */
export function pauseOfHost({ rate, silence, holdUntilMs }: Readonly<Host>): number {
  return Math.max(rate.pauseUntilMs, holdUntilMs, silence.untilMs);
}

/** How far sending has come. */
export function placeOf({ sends, lastSendAtMs }: Readonly<Host>, nowMs: number): Place {
  return { sends, atMs: nowMs, lastSendAtMs };
}
