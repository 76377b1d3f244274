/** Finds the rate a host allows from the times of its 429s. */
import { AcceptedLog, type Mark } from './accepted-log.ts';
import type { Segment } from './bucket.ts';
import { type MeasuredRate, rateBetween } from './empty-bucket.ts';
import type { PaarcSettings } from './options.ts';
import { learnFromPause } from './pause-lesson.ts';
import { probeAfterMs, verificationMs } from './rate-schedule.ts';
import { Segments, segmentBetween } from './segments.ts';

/**
 * After a failed probe without Retry-After a little below the last good rate: the bucket is empty and must not run dry
 * at once.
 */
const afterFailure = 0.985;
const afterVerifiedFailure = 0.97;
/** A rate holds once this much of it was really sent without a 429. */
const usedShare = 0.85;
/** Growth while nothing is known above. */
const openGain = 1.5;
const belowUpper = 0.985;
/** Episode of 429s: at least this long after the last one, or so many reaction times. */
const episodeMs = 2000;
const episodeReactions = 5;
const holdMs = 500;

/** What a 429 did to the rate. */
export interface RateDecision {
  /** The gate stays shut until then, beyond any Retry-After; 0 for not at all. */
  readonly holdUntilMs: number;
  /** BACKOFF lasts until then. */
  readonly episodeUntilMs: number;
  readonly reason: string;
}

/** A running Retry-After: what is judged when it ends. */
interface Pause {
  readonly failedPerS: number;
  readonly startMs: number;
  readonly heldPerS: number;
}

/**
 * Finds the rate a host allows from the times of its 429s. A rate limiter answers 429 only while its bucket is empty,
 * so between two 429s without a pause accepted over elapsed is the rate itself; with Retry-After each pause refills the
 * bucket, and two stretches that began with a full one give rate and burst as slope and intercept. In between:
 * bisection of [lower, upper], verified by sending. Pure: times in ms come in. Source: token bucket (RFC 2697 idea),
 * scenario runs; docs/paarc.md "rate".
 */
export class RateSearch {
  readonly #settings: PaarcSettings;
  readonly #log = new AcceptedLog();
  /** R; Infinity until the first 429. */
  #perS = Number.POSITIVE_INFINITY;
  #lower = 0;
  #upper = Number.POSITIVE_INFINITY;
  /** b: what the bucket held when full. */
  #burst = 0;
  /** Lb: a rate that was certainly granted. */
  #granted = 0;
  /** Accepted requests the present estimate rests on. */
  #support = 0;
  readonly #segments = new Segments();
  #firstSegments: readonly Segment[] = [];
  #lastSend: Mark | undefined;
  #cutAtMs = Number.NEGATIVE_INFINITY;
  #episodeUntilMs = 0;
  #episode: Mark[] = [];
  #previousRefusal: Mark | undefined;
  #burstKnown = false;
  #pause: Pause | undefined;
  #pauseUntilMs = 0;
  #retryAfterMs = 0;
  #heldSince: Mark | undefined;
  #lastRefusalAtMs = 0;
  #probeStart: { readonly mark: Mark; readonly fromPerS: number; steps: number } | undefined;

  constructor(settings: PaarcSettings) {
    this.#settings = settings;
  }

  /** R: sends per second allowed, Infinity while no 429 was ever seen. */
  get perS(): number {
    return this.#perS;
  }
  get pauseUntilMs(): number {
    return this.#pauseUntilMs;
  }
  get lowerPerS(): number {
    return this.#lower;
  }

  /** The limit grew while the rate was open: from here on we send faster. */
  paceGrew(nowMs: number): void {
    if (this.#perS < Number.POSITIVE_INFINITY || this.#segments.isEmpty) return;
    this.#segments.add(this.#log.here(nowMs), this.#perS, Number.POSITIVE_INFINITY, 0);
  }

  /** Begin with a rate that an earlier run has verified. */
  warm(perS: number, nowMs: number): void {
    this.#perS = this.#settings.rateSafety * perS;
    this.#lower = 0;
    this.#upper = perS;
    this.#heldSince = this.#log.here(nowMs);
  }

  send(nowMs: number): Mark {
    this.#judgePause(nowMs);
    if (this.#segments.isEmpty) this.#segments.restart(this.#log.here(nowMs), this.#perS, Number.POSITIVE_INFINITY);
    this.#lastSend = this.#log.send(nowMs);
    return this.#lastSend;
  }

  /** Any Retry-After, also that of a 503 or of a 429 that is ignored otherwise: no send before it is over. */
  pauseFor(retryAfterMs: number, nowMs: number, jitter: number): void {
    const spreadMs = Math.min(1000, 0.05 * retryAfterMs);
    this.#pauseUntilMs = Math.max(this.#pauseUntilMs, nowMs + retryAfterMs + spreadMs * jitter);
  }

  /**
   * A 429 for the request of `sent`. Its Retry-After must have gone to `pauseFor` before.
   * @returns undefined when it belongs to a cut that was made already
   */
  refuse(
    sent: Mark,
    inFlight: number,
    retryAfterMs: number | undefined,
    nowMs: number,
    reactionMs: number,
  ): RateDecision | undefined {
    this.#log.refuse(sent);
    if (sent.atMs <= this.#cutAtMs) return undefined;
    const inEpisode = nowMs < this.#episodeUntilMs;
    this.#lastRefusalAtMs = nowMs;
    if (retryAfterMs !== undefined) this.#retryAfterMs = retryAfterMs;
    if (!inEpisode) this.#episode = [];
    this.#episode.push(sent);
    this.#episodeUntilMs = Math.max(nowMs + Math.max(episodeMs, episodeReactions * reactionMs), this.#pauseUntilMs);
    this.#heldSince = undefined;
    const holdUntilMs = nowMs + Math.min(holdMs, reactionMs);
    if (this.#perS === Number.POSITIVE_INFINITY)
      return this.#first(sent, (1000 * inFlight) / reactionMs, retryAfterMs, nowMs, holdUntilMs);
    if (retryAfterMs !== undefined) return this.#endSegment(nowMs);
    const decision = inEpisode ? this.#inside(sent, nowMs, reactionMs) : this.#newEpisode(sent, nowMs, holdUntilMs);
    this.#previousRefusal = sent;
    return decision;
  }

  /** Verify, grow, probe. Cheap; called at every tick. @returns a reason when the rate moved */
  advance(nowMs: number, reactionMs: number): string | undefined {
    const judged = this.#judgePause(nowMs);
    if (this.#perS === Number.POSITIVE_INFINITY || nowMs < this.#pauseUntilMs) return judged;
    const since = this.#heldSince;
    if (since === undefined) {
      this.#heldSince = this.#log.here(nowMs);
      return judged;
    }
    const heldMs = nowMs - since.atMs;
    const rate = { perS: this.#perS, lowerPerS: this.#lower, burst: this.#likelyBurst() };
    if (heldMs < verificationMs(this.#settings, rate, reactionMs)) return judged;
    const here = this.#log.here(nowMs);
    if (here.sends - since.sends < (usedShare * this.#perS * heldMs) / 1000) {
      // Not used, so not verified: something else is the narrow place. Look again from here.
      this.#heldSince = here;
      return judged;
    }
    this.#lower = this.#perS;
    this.#granted = Math.max(this.#granted, this.#perS - (1000 * this.#burst) / heldMs);
    return this.#growOrProbe(nowMs, heldMs, reactionMs) ?? judged;
  }

  /** Until the bucket was measured: what it must have held at the first 429 if it refilled at the present rate. */
  #likelyBurst(): number {
    if (this.#support > 0 || this.#firstSegments.length === 0) return this.#burst;
    return Math.max(
      0,
      ...this.#firstSegments.map(({ accepted, elapsedMs }) => accepted - (this.#perS * elapsedMs) / 1000),
    );
  }

  #growOrProbe(nowMs: number, heldMs: number, reactionMs: number): string | undefined {
    const heldPerS = this.#perS;
    const { rateResolution, rateProbeGain } = this.#settings;
    if (this.#upper > rateResolution * this.#perS) {
      const open = this.#upper === Number.POSITIVE_INFINITY;
      const next = open
        ? openGain * this.#perS
        : Math.min(rateProbeGain * this.#perS, Math.sqrt(this.#perS * this.#upper), belowUpper * this.#upper);
      if (this.#probeStart !== undefined) this.#probeStart.steps++;
      this.#moveTo(next, nowMs);
      this.#segments.add(this.#log.here(nowMs), next, heldMs, heldPerS);
      return 'rate held, growing';
    }
    const rate = { perS: heldPerS, support: this.#support, retryAfterMs: this.#retryAfterMs };
    if (nowMs < this.#lastRefusalAtMs + probeAfterMs(this.#settings, rate, reactionMs)) return undefined;
    const mark = this.#log.here(nowMs);
    this.#probeStart = { mark, fromPerS: this.#perS, steps: 0 };
    this.#upper = Number.POSITIVE_INFINITY;
    this.#moveTo(rateProbeGain * heldPerS, nowMs);
    this.#segments.add(mark, this.#perS, heldMs, heldPerS);
    return 'rate probe';
  }

  #moveTo(perS: number, nowMs: number): void {
    this.#perS = perS;
    this.#heldSince = this.#log.here(nowMs);
  }

  #first(
    sent: Mark,
    pacePerS: number,
    retryAfterMs: number | undefined,
    nowMs: number,
    holdUntilMs: number,
  ): RateDecision {
    const stretch = this.#segments.until(sent, this.#log);
    const whole: Segment = stretch[0] ?? segmentBetween(this.#log, sent, sent);
    // While the limit still grew, the mean since the start is below the pace that was refused (Little's law: in flight
    // / latency).
    const upper = Math.max((1000 * whole.accepted) / whole.elapsedMs, pacePerS);
    this.#upper = upper;
    this.#lower = 0;
    this.#burst = whole.accepted;
    this.#cutAtMs = nowMs + this.#settings.feedbackDelayMs;
    this.#previousRefusal = sent;
    if (retryAfterMs === undefined) {
      this.#firstSegments = stretch;
      this.#perS = this.#settings.beta * upper;
      return this.#decide('first 429', holdUntilMs);
    }
    this.#perS = upper;
    this.#pause = { failedPerS: upper, startMs: nowMs, heldPerS: 0 };
    return this.#decide('first 429, Retry-After', 0);
  }

  #inside(sent: Mark, nowMs: number, reactionMs: number): RateDecision | undefined {
    const first = this.#episode[0] ?? sent;
    const measured = rateBetween(this.#log, first, sent, this.#episode, reactionMs);
    if (measured === undefined) return undefined;
    return this.#settle(measured, nowMs, 'rate measured between 429s');
  }

  #settle(measured: MeasuredRate, nowMs: number, reason: string): RateDecision {
    const { rateSafety } = this.#settings;
    this.#perS = Math.min(rateSafety * this.#perS, rateSafety * measured.perS);
    this.#upper = measured.perS * (1 + Math.max(0.02, 3 / Math.max(1, measured.accepted)));
    this.#lower = 0;
    this.#support = measured.accepted;
    this.#cutAtMs = nowMs + this.#settings.feedbackDelayMs;
    const first = this.#firstSegments[0];
    if (!this.#burstKnown && first !== undefined) {
      const { accepted, elapsedMs } = first;
      this.#burst = Math.max(0, accepted - (measured.perS * elapsedMs) / 1000);
      this.#burstKnown = true;
    }
    return this.#decide(reason, 0);
  }

  #newEpisode(sent: Mark, nowMs: number, holdUntilMs: number): RateDecision {
    this.#cutAtMs = nowMs + this.#settings.feedbackDelayMs;
    if (this.#perS > this.#lower && this.#lower > 0) {
      this.#failProbe(nowMs);
      this.#perS = afterFailure * this.#lower;
      return this.#decide('rate probe failed', holdUntilMs);
    }
    const before = this.#previousRefusal;
    const measured =
      this.#lower === 0 && before !== undefined ? rateBetween(this.#log, before, sent, this.#episode, 0) : undefined;
    if (measured !== undefined && measured.perS < this.#perS) {
      const decision = this.#settle(measured, nowMs, 'rate measured since the last 429');
      return { ...decision, holdUntilMs };
    }
    this.#upper = this.#perS;
    this.#perS *= afterVerifiedFailure;
    this.#lower = 0;
    return this.#decide('429 at the rate in use', holdUntilMs);
  }

  #failProbe(nowMs: number): void {
    const probe = this.#probeStart;
    if (probe !== undefined && probe.steps === 0) {
      this.#upper = this.#settings.rateResolution * this.#lower;
      this.#burst = ((this.#perS - this.#lower) * (nowMs - probe.mark.atMs)) / 1000;
    } else {
      this.#upper = Math.min(this.#upper, this.#perS);
    }
    this.#probeStart = undefined;
  }

  #endSegment(nowMs: number): RateDecision {
    const probeFailed = this.#lower > 0 && this.#perS > this.#lower;
    this.#pause = { failedPerS: this.#perS, startMs: nowMs, heldPerS: probeFailed ? this.#lower : 0 };
    this.#cutAtMs = nowMs + this.#settings.feedbackDelayMs;
    return this.#decide(probeFailed ? 'rate probe failed, Retry-After' : '429, Retry-After', 0);
  }

  /** The pause is over: what did the stretch before it say about the bucket? */
  #judgePause(nowMs: number): string | undefined {
    const pause = this.#pause;
    if (pause === undefined || nowMs < this.#pauseUntilMs) return undefined;
    this.#pause = undefined;
    const pauseMs = this.#pauseUntilMs - pause.startMs;
    // To the last send and not to the last one refused: a wave arrives in any order, and what was sent later may have
    // got its tokens.
    const candidates = this.#segments.until(this.#lastSend as Mark, this.#log);
    const before = { ...pause, grantedPerS: this.#granted, upperPerS: this.#upper, pauseMs };
    const lesson = learnFromPause(this.#firstSegments, candidates, before, this.#settings.rateSafety);
    if (this.#firstSegments.length === 0) this.#firstSegments = candidates;
    this.#lower = lesson.lowerPerS;
    this.#upper = lesson.upperPerS;
    this.#granted = lesson.grantedPerS;
    this.#support = lesson.support;
    this.#burst = lesson.burst ?? this.#burst;
    this.#moveTo(lesson.perS, nowMs);
    this.#segments.restart(this.#log.here(nowMs), lesson.perS, pauseMs);
    this.#probeStart = undefined;
    this.#episode = [];
    return lesson.reason;
  }

  #decide(reason: string, holdUntilMs: number): RateDecision {
    return { holdUntilMs, episodeUntilMs: this.#episodeUntilMs, reason };
  }
}
