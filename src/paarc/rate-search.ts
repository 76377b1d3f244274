import { AcceptedLog, type Mark } from './accepted-log.ts';
import { type BucketGuess, type Candidate, identifyBucket, type Segment } from './bucket.ts';
import type { PaarcSettings } from './options.ts';

/** Inside an episode this many accepted requests, or this time, make a rate worth believing. Chosen by scenario runs. */
const episodeAccepted = 8;
const episodeLeastMs = 500;
/** The newest stretch with so many accepted requests, or this long, is asked whether the limit has just fallen. */
const stretchAccepted = 10;
const stretchMs = 1000;
const stepDownShare = 0.8;
/** After a failed probe without Retry-After a little below the last good rate: the bucket is empty and must not run dry at once. */
const afterFailure = 0.985;
const afterVerifiedFailure = 0.97;
/** A rate holds once this much of it was really sent without a 429. */
const usedShare = 0.85;
const verifyLeastMs = 2000;
const verifyLeastSends = 20;
const verifyReactions = 4;
/** A burst can fake a rate for so long at most before we accept it. */
const verifyMostMs = 30_000;
const burstMargin = 1.3;
/** Growth while nothing is known above. */
const openGain = 1.5;
const belowUpper = 0.985;
const probeLeastMs = 10_000;
const pausesBetweenProbes = 40;
const pausesBetweenEarlyProbes = 10;
const firmSupport = 60;
/** Episode of 429s: at least this long after the last one, or so many reaction times. */
const episodeMs = 2000;
const episodeReactions = 5;
const holdMs = 500;
/** Beginnings of segments kept for one pause. */
const keptStarts = 8;

/** What a 429 did to the rate. */
export interface RateDecision {
  /** The gate stays shut until then, beyond any Retry-After; 0 for not at all. */
  readonly holdUntilMs: number;
  /** BACKOFF lasts until then. */
  readonly episodeUntilMs: number;
  readonly reason: string;
}

/** Where a segment began. */
interface Start {
  readonly mark: Mark;
  readonly perS: number;
  readonly restMs: number;
  readonly restPerS: number;
}

/** A running Retry-After: what is judged when it ends. */
interface Pause {
  readonly failedPerS: number;
  readonly startMs: number;
  readonly probeFailed: boolean;
}

/**
 * Finds the rate a host allows from the times of its 429s. A rate limiter answers 429 only while its bucket is empty, so between two
 * 429s without a pause accepted over elapsed is the rate itself; with Retry-After each pause refills the bucket, and two stretches
 * that began with a full one give rate and burst as slope and intercept. In between: bisection of [lower, upper], verified by sending.
 * Pure: times in ms come in. Source: token bucket (RFC 2697 idea), scenario runs; docs/paarc.md "rate".
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
  #starts: Start[] = [];
  #firstSegments: readonly Segment[] = [];
  #lastRefusal: Mark | undefined;
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
  get upperPerS(): number {
    return this.#upper;
  }

  /** The limit grew while the rate was open: from here on we send faster. */
  paceGrew(nowMs: number): void {
    if (this.#perS === Number.POSITIVE_INFINITY && this.#starts.length > 0) this.#addStart(nowMs, Number.POSITIVE_INFINITY, 0);
  }

  /** Begin with a rate that an earlier run has verified. */
  warm(perS: number, nowMs: number): void {
    this.#perS = this.#settings.rateSafety * perS;
    this.#lower = 0;
    this.#upper = perS;
    this.#heldSince = this.#log.here(nowMs);
  }

  send(nowMs: number, reactionMs: number): Mark {
    this.#judgePause(nowMs, reactionMs);
    if (this.#starts.length === 0) this.#beginSegment(nowMs, Number.POSITIVE_INFINITY, 0);
    return this.#log.send(nowMs);
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
  refuse(sent: Mark, inFlight: number, retryAfterMs: number | undefined, nowMs: number, reactionMs: number): RateDecision | undefined {
    this.#log.refuse(sent);
    if (this.#lastRefusal === undefined || sent.sends > this.#lastRefusal.sends) this.#lastRefusal = sent;
    if (sent.atMs <= this.#cutAtMs) return undefined;
    const inEpisode = nowMs < this.#episodeUntilMs;
    this.#lastRefusalAtMs = nowMs;
    if (retryAfterMs !== undefined) this.#retryAfterMs = retryAfterMs;
    if (!inEpisode) this.#episode = [];
    this.#episode.push(sent);
    this.#episodeUntilMs = Math.max(nowMs + Math.max(episodeMs, episodeReactions * reactionMs), this.#pauseUntilMs);
    this.#heldSince = undefined;
    const holdUntilMs = nowMs + Math.min(holdMs, reactionMs);
    if (this.#perS === Number.POSITIVE_INFINITY) return this.#first(sent, (1000 * inFlight) / reactionMs, retryAfterMs, nowMs, holdUntilMs);
    if (retryAfterMs !== undefined) return this.#endSegment(nowMs);
    const decision = inEpisode ? this.#inside(sent, nowMs, reactionMs) : this.#newEpisode(sent, nowMs, holdUntilMs);
    this.#previousRefusal = sent;
    return decision;
  }

  /** Verify, grow, probe. Cheap; called at every tick. @returns a reason when the rate moved */
  advance(nowMs: number, reactionMs: number): string | undefined {
    const judged = this.#judgePause(nowMs, reactionMs);
    if (this.#perS === Number.POSITIVE_INFINITY || nowMs < this.#pauseUntilMs) return judged;
    const since = this.#heldSince;
    if (since === undefined) {
      this.#heldSince = this.#log.here(nowMs);
      return judged;
    }
    const heldMs = nowMs - since.atMs;
    if (heldMs < this.#verifyMs(reactionMs)) return judged;
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

  #verifyMs(reactionMs: number): number {
    const plainMs = Math.max(verifyLeastMs, (1000 * verifyLeastSends) / this.#perS, verifyReactions * reactionMs);
    if (this.#perS <= this.#settings.rateResolution * this.#lower) return plainMs;
    const burstMs = (1000 * burstMargin * this.#burst) / (this.#perS - this.#lower);
    return Math.max(plainMs, Math.min(verifyMostMs, burstMs));
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
      this.#beginSegment(nowMs, heldMs, heldPerS);
      return 'rate held, growing';
    }
    if (nowMs < this.#probeAtMs(reactionMs)) return undefined;
    const mark = this.#log.here(nowMs);
    this.#probeStart = { mark, fromPerS: this.#perS, steps: 0 };
    this.#upper = Number.POSITIVE_INFINITY;
    this.#moveTo(rateProbeGain * this.#perS, nowMs);
    this.#beginSegment(nowMs, heldMs, heldPerS);
    return 'rate probe';
  }

  /** The next probe may cost about 1 + a quarter of the rate in flight; the budget says how many requests pay for that. */
  #probeAtMs(reactionMs: number): number {
    const costRequests = 1 + (this.#settings.rateProbeGain - 1) * this.#perS * (reactionMs / 1000);
    const paidMs = (1000 * costRequests) / (this.#settings.rateBudget * this.#perS);
    const pauses = this.#support < firmSupport ? pausesBetweenEarlyProbes : pausesBetweenProbes;
    return this.#lastRefusalAtMs + Math.max(probeLeastMs, paidMs, pauses * this.#retryAfterMs);
  }

  #moveTo(perS: number, nowMs: number): void {
    this.#perS = perS;
    this.#heldSince = this.#log.here(nowMs);
  }

  #first(sent: Mark, pacePerS: number, retryAfterMs: number | undefined, nowMs: number, holdUntilMs: number): RateDecision {
    const whole = this.#segment(this.#starts[0]?.mark ?? sent, sent);
    // While the limit still grew, the mean since the start is below the pace that was refused (Little's law: in flight / latency).
    const upper = Math.max((1000 * whole.accepted) / whole.elapsedMs, pacePerS);
    this.#upper = upper;
    this.#lower = 0;
    this.#burst = whole.accepted;
    this.#cutAtMs = nowMs + this.#settings.feedbackDelayMs;
    this.#previousRefusal = sent;
    if (retryAfterMs === undefined) {
      this.#firstSegments = [whole];
      this.#perS = this.#settings.beta * upper;
      return this.#decide('first 429', holdUntilMs);
    }
    this.#perS = upper;
    this.#pause = { failedPerS: upper, startMs: nowMs, probeFailed: false };
    return this.#decide('first 429, Retry-After', 0);
  }

  #inside(sent: Mark, nowMs: number, reactionMs: number): RateDecision | undefined {
    const first = this.#episode[0] ?? sent;
    const measured = this.#rateSince(first, sent, reactionMs);
    if (measured === undefined) return undefined;
    return this.#settle(measured, nowMs, 'rate measured between 429s');
  }

  /** The rate between two moments at which the bucket was empty; a newer stretch that is far slower is a limit that has fallen. */
  #rateSince(first: Mark, sent: Mark, reactionMs: number): { perS: number; accepted: number } | undefined {
    const accepted = this.#log.accepted(first, sent);
    const elapsedMs = sent.atMs - first.atMs;
    if (elapsedMs <= 0 || (accepted < episodeAccepted && elapsedMs < Math.max(episodeLeastMs, 2 * reactionMs))) return undefined;
    const perS = (1000 * Math.max(1, accepted)) / elapsedMs;
    for (let at = this.#episode.length - 2; at > 0; at--) {
      const from = this.#episode[at] as Mark;
      const stretch = this.#log.accepted(from, sent);
      const stretchElapsedMs = sent.atMs - from.atMs;
      if (stretch < stretchAccepted && stretchElapsedMs < stretchMs) continue;
      const short = (1000 * Math.max(1, stretch)) / stretchElapsedMs;
      if (short < stepDownShare * perS) return { perS: short, accepted: stretch };
      break;
    }
    return { perS, accepted };
  }

  #settle(measured: { perS: number; accepted: number }, nowMs: number, reason: string): RateDecision {
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
    const measured = this.#lower === 0 && before !== undefined ? this.#rateSince(before, sent, 0) : undefined;
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
    this.#pause = { failedPerS: this.#perS, startMs: nowMs, probeFailed };
    this.#cutAtMs = nowMs + this.#settings.feedbackDelayMs;
    return this.#decide(probeFailed ? 'rate probe failed, Retry-After' : '429, Retry-After', 0);
  }

  /** Sending changes its pace here: a place from which the bucket can be measured later. */
  #beginSegment(nowMs: number, restMs: number, restPerS: number): void {
    if (restPerS === 0) this.#starts = [];
    this.#addStart(nowMs, restMs, restPerS);
  }

  #addStart(nowMs: number, restMs: number, restPerS: number): void {
    const mark = this.#log.here(nowMs);
    // The first start (after the pause) and the newest ones are the telling ones.
    if (this.#starts.length >= keptStarts) this.#starts.splice(1, 1);
    this.#starts.push({ mark, perS: this.#perS, restMs, restPerS });
  }

  /** The pause is over: what did the stretch before it say about the bucket? */
  #judgePause(nowMs: number, _reactionMs: number): string | undefined {
    const pause = this.#pause;
    if (pause === undefined || nowMs < this.#pauseUntilMs) return undefined;
    this.#pause = undefined;
    const end = this.#lastRefusal as Mark;
    const pauseMs = this.#pauseUntilMs - pause.startMs;
    const candidates = this.#starts.map(({ mark, ...start }) => ({ ...start, ...this.#segment(mark, end) }));
    const reason = this.#learnFrom(this.#segment(this.#starts[0]?.mark ?? end, end), candidates, pause, pauseMs);
    this.#beginSegment(nowMs, pauseMs, 0);
    this.#probeStart = undefined;
    this.#heldSince = this.#log.here(nowMs);
    this.#episode = [];
    return reason;
  }

  #segment(from: Mark, to: Mark): Segment {
    return { accepted: Math.max(1, this.#log.accepted(from, to)), elapsedMs: Math.max(1, to.atMs - from.atMs) };
  }

  #learnFrom(segment: Segment, candidates: readonly Candidate[], pause: Pause, pauseMs: number): string {
    const failed = pause.failedPerS;
    const overallPerS = (1000 * segment.accepted) / (segment.elapsedMs + pauseMs);
    if (this.#firstSegments.length === 0) {
      this.#firstSegments = candidates;
      this.#perS = Math.max(overallPerS, Math.sqrt((overallPerS * 1000 * segment.accepted) / segment.elapsedMs));
      this.#upper = failed;
      return 'first pause over';
    }
    if (failed <= 1.02 * this.#granted) this.#granted = 0;
    const held = pause.probeFailed ? this.#lower : 0;
    const bucket = identifyBucket(this.#firstSegments, candidates, pauseMs, failed);
    this.#lower = 0;
    if (bucket !== undefined) return this.#useBucket(bucket, failed, held);
    if (held > 0) {
      this.#upper = Math.min(this.#upper, failed);
      this.#perS = held;
      this.#lower = held;
      return 'back to the rate before the probe';
    }
    const lower = Math.max(overallPerS, this.#granted);
    this.#perS = failed / lower > 1.3 ? Math.sqrt(lower * failed) : Math.max(lower, 0.9 * failed);
    this.#upper = failed;
    this.#support = 0;
    return 'between a granted and a refused rate';
  }

  #useBucket(bucket: BucketGuess, failedPerS: number, heldPerS: number): string {
    const perS = Math.min(failedPerS, Math.max(bucket.perS, this.#granted));
    this.#upper = Math.min(failedPerS, Math.max(bucket.upperPerS, perS * (1 + Math.min(0.15, 3 / bucket.support))));
    const used = this.#settings.rateSafety * perS;
    // A burst can fake a rate that held; the measured bucket outranks it, unless it cannot exclude it.
    this.#perS = heldPerS <= this.#upper ? Math.max(used, heldPerS) : used;
    this.#burst = bucket.burst;
    this.#support = bucket.support;
    return 'rate and burst identified from pauses';
  }

  #decide(reason: string, holdUntilMs: number): RateDecision {
    return { holdUntilMs, episodeUntilMs: this.#episodeUntilMs, reason };
  }
}
