/** Finds the rate a host allows from the times of its 429s. */
import { AcceptedLog, type Mark, rateBetween } from './accepted-log.ts';
import { type Segment, Segments, segmentBetween } from './bucket.ts';
import { learnFromPause } from './pause-lesson.ts';
import {
  firstRefusal,
  growAfterMs,
  grownRate,
  knownRate,
  likelyBurst,
  openRate,
  probeAfterMs,
  probeFailed,
  type RateEstimate,
  rateHeld,
  refusedInUse,
  settledAt,
  verificationMs,
  warmRate,
} from './rate-estimate.ts';
import { episodeMs, episodeReactions, grantedMostRoom, holdMs, longRunRoom, usedShare } from './rate-tuning.ts';
import type { DelayedSettings } from './valid-settings.ts';

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
  readonly #settings: DelayedSettings;
  readonly #log = new AcceptedLog();
  #rate: RateEstimate = openRate;
  readonly #segments = new Segments();
  #firstSegments: readonly Segment[] = [];
  #lastSend: Mark | undefined;
  #cutAtMs = Number.NEGATIVE_INFINITY;
  #episodeUntilMs = 0;
  #episode: Mark[] = [];
  #previousRefusal: Mark | undefined;
  #lastRefusalAtMs = 0;
  #pause: Pause | undefined;
  #pauseUntilMs = 0;
  #retryAfterMs = 0;
  #heldSince: Mark | undefined;
  /** The probe under way: where it began, and how often the rate grew since. */
  #probe: { readonly mark: Mark; steps: number } | undefined;

  constructor(settings: DelayedSettings) {
    this.#settings = settings;
  }

  /** R: sends per second allowed, Infinity while no 429 was ever seen. */
  get perS(): number {
    return this.#rate.perS;
  }
  get pauseUntilMs(): number {
    return this.#pauseUntilMs;
  }
  get lowerPerS(): number {
    return this.#rate.lowerPerS;
  }

  /** The limit grew while the rate was open: from here on we send faster. */
  paceGrew(nowMs: number): void {
    if (this.perS < Number.POSITIVE_INFINITY || this.#segments.isEmpty) return;
    this.#segments.add(this.#log.here(nowMs), this.perS, Number.POSITIVE_INFINITY, 0);
  }

  /** Begin with a rate that an earlier run has verified. */
  warm(perS: number, nowMs: number): void {
    this.#rate = warmRate(this.#settings, perS);
    this.#heldSince = this.#log.here(nowMs);
  }

  /**
   * After a silence nobody asked for: what was granted over both of them is no less than the rate, and what was in use
   * when it began was too much.
   */
  grantedInTheLongRun(perS: number, nowMs: number): void {
    const half = this.perS === Number.POSITIVE_INFINITY ? 0 : this.perS / 2;
    this.#moveTo(knownRate(this.#rate, Math.max(perS, half), longRunRoom), this.#log.here(nowMs));
  }

  /**
   * Errors seem to mean a rate, and this is what was granted while they came; Infinity: they do not after all.
   * @param granted - how many those were; 0 where we asked for no more than them
   */
  assume(perS: number, nowMs: number, granted = 0): void {
    const room = granted === 0 ? Number.POSITIVE_INFINITY : 1 + Math.min(grantedMostRoom, 3 / granted);
    const rate = perS === Number.POSITIVE_INFINITY ? openRate : knownRate(this.#rate, perS, room);
    this.#lastRefusalAtMs = nowMs;
    this.#cutAtMs = nowMs;
    this.#moveTo(rate, this.#log.here(nowMs));
  }

  send(nowMs: number): Mark {
    this.#judgePause(nowMs);
    if (this.#segments.isEmpty) this.#segments.restart(this.#log.here(nowMs), this.perS, Number.POSITIVE_INFINITY);
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
    if (this.perS === Number.POSITIVE_INFINITY)
      return this.#first(sent, (1000 * inFlight) / reactionMs, retryAfterMs, nowMs, holdUntilMs);
    if (retryAfterMs !== undefined) return this.#endSegment(nowMs);
    const decision = inEpisode ? this.#inside(sent, nowMs, reactionMs) : this.#newEpisode(sent, nowMs, holdUntilMs);
    this.#previousRefusal = sent;
    return decision;
  }

  /** A 429 for the request of `sent` that is no word about the rate. */
  crowded(sent: Mark): void {
    this.#log.refuse(sent);
  }

  /** Verify, grow, probe. Cheap; called at every tick. @returns a reason when the rate moved */
  advance(nowMs: number, reactionMs: number): string | undefined {
    const judged = this.#judgePause(nowMs);
    if (this.perS === Number.POSITIVE_INFINITY || nowMs < this.#pauseUntilMs) return judged;
    const here = this.#log.here(nowMs);
    const since = this.#heldSince;
    if (since === undefined) {
      this.#heldSince = here;
      return judged;
    }
    const heldMs = nowMs - since.atMs;
    const burst = likelyBurst(this.#rate, this.#firstSegments);
    if (heldMs < verificationMs(this.#settings, { ...this.#rate, burst }, reactionMs)) return judged;
    if (here.sends - since.sends < (usedShare * this.perS * heldMs) / 1000) {
      // Not used, so not verified: something else is the bottleneck. Look again from here.
      this.#heldSince = here;
      return judged;
    }
    this.#rate = rateHeld(this.#rate);
    return this.#growOrProbe(here, heldMs, reactionMs) ?? judged;
  }

  #growOrProbe(here: Mark, heldMs: number, reactionMs: number): string | undefined {
    const { perS: heldPerS } = this.#rate;
    const grown = grownRate(this.#settings, this.#rate);
    if (grown !== undefined) {
      if (here.atMs < this.#lastRefusalAtMs + growAfterMs(this.#rate)) return undefined;
      if (this.#probe !== undefined) this.#probe.steps++;
      this.#moveTo({ ...this.#rate, perS: grown }, here);
      this.#segments.add(here, grown, heldMs, heldPerS);
      return 'rate held, growing';
    }
    const rate = { perS: heldPerS, retryAfterMs: this.#retryAfterMs };
    if (here.atMs < this.#lastRefusalAtMs + probeAfterMs(this.#settings, rate, reactionMs)) return undefined;
    this.#probe = { mark: here, steps: 0 };
    const perS = this.#settings.rateProbeGain * heldPerS;
    this.#moveTo({ ...this.#rate, perS, upperPerS: Number.POSITIVE_INFINITY }, here);
    this.#segments.add(here, perS, heldMs, heldPerS);
    return 'rate probe';
  }

  #moveTo(rate: RateEstimate, here: Mark): void {
    this.#rate = rate;
    this.#heldSince = here;
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
    this.#rate = firstRefusal(this.#settings, whole, pacePerS, retryAfterMs !== undefined);
    this.#previousRefusal = sent;
    if (retryAfterMs === undefined) {
      this.#firstSegments = stretch;
      return this.#cut('first 429', nowMs, holdUntilMs);
    }
    this.#pause = { failedPerS: this.perS, startMs: nowMs, heldPerS: 0 };
    return this.#cut('first 429, Retry-After', nowMs);
  }

  #inside(sent: Mark, nowMs: number, reactionMs: number): RateDecision | undefined {
    const measured = rateBetween(this.#log, this.#episode[0] ?? sent, sent, this.#episode, reactionMs);
    if (measured === undefined) return undefined;
    this.#rate = settledAt(this.#settings, this.#rate, measured, this.#firstSegments[0]);
    return this.#cut('rate measured between 429s', nowMs);
  }

  #newEpisode(sent: Mark, nowMs: number, holdUntilMs: number): RateDecision {
    const { perS, lowerPerS } = this.#rate;
    if (lowerPerS > 0 && perS > lowerPerS) {
      const probe = this.#probe;
      const onlyStepMs = probe?.steps === 0 ? nowMs - probe.mark.atMs : undefined;
      this.#probe = undefined;
      this.#rate = probeFailed(this.#settings, this.#rate, onlyStepMs);
      return this.#cut('rate probe failed', nowMs, holdUntilMs);
    }
    const before = this.#previousRefusal;
    const measured =
      lowerPerS === 0 && before !== undefined ? rateBetween(this.#log, before, sent, this.#episode, 0) : undefined;
    if (measured !== undefined && measured.perS < perS) {
      this.#rate = settledAt(this.#settings, this.#rate, measured, this.#firstSegments[0]);
      return this.#cut('rate measured since the last 429', nowMs, holdUntilMs);
    }
    this.#rate = refusedInUse(this.#rate);
    return this.#cut('429 at the rate in use', nowMs, holdUntilMs);
  }

  #endSegment(nowMs: number): RateDecision {
    const { perS, lowerPerS } = this.#rate;
    const probeFailed = lowerPerS > 0 && perS > lowerPerS;
    this.#pause = { failedPerS: perS, startMs: nowMs, heldPerS: probeFailed ? lowerPerS : 0 };
    return this.#cut(probeFailed ? 'rate probe failed, Retry-After' : '429, Retry-After', nowMs);
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
    const before = { ...pause, upperPerS: this.#rate.upperPerS, pauseMs };
    const { reason, burst, ...learnt } = learnFromPause(
      this.#firstSegments,
      candidates,
      before,
      this.#settings.rateSafety,
    );
    if (this.#firstSegments.length === 0) this.#firstSegments = candidates;
    const here = this.#log.here(nowMs);
    const known = burst === undefined ? {} : { burst, isBurstKnown: true };
    this.#moveTo({ ...this.#rate, ...learnt, ...known }, here);
    this.#segments.restart(here, learnt.perS, pauseMs);
    this.#probe = undefined;
    this.#episode = [];
    return reason;
  }

  /** The 429s of requests sent before now belong to this decision. */
  #cut(reason: string, nowMs: number, holdUntilMs = 0): RateDecision {
    this.#cutAtMs = nowMs + (this.#settings.feedbackDelayMs ?? 0);
    return { holdUntilMs, episodeUntilMs: this.#episodeUntilMs, reason };
  }
}
