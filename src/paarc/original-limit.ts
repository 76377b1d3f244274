/** The original PAARC, faults included, as a baseline. */
import type { Limit, Load, Outcome, SendToken, Transition } from './limit.ts';
import { OriginalInterval, type OriginalRound } from './original-interval.ts';
import type { OriginalSettings } from './settings.ts';

/** RTprop before anything was measured. */
const guessedRtpropMs = 200;
/** Numbers that FLOW-DC has in its code and no configuration sets; n_init is the one of its notebook. */
const initSamples = 100;
const probeRttMinSamples = 100;
const probeRttFactor = 0.5;
const cooldownRtprops = 5;
const overloadCheckRtprops = 10;
const overloadCheckFloorMs = 3000;
const underperformanceShare = 0.5;
const underperformanceIntervals = 5;
const revisionFactor = 0.99;

type OriginalState = 'init' | 'startup' | 'probe-bw' | 'probe-rtt' | 'backoff';

/**
 * The original PAARC, faults included, as a baseline: thresholds against the least p10, any error cuts, latency alone
 * never does, Retry-After only lengthens the cooldown. Mutable where `PaarcLimit` is not, because it follows FLOW-DC's
 * code step by step. Source: FLOW-DC `bin/download_batch.py`.
 */
export class OriginalLimit implements Limit {
  readonly #settings: OriginalSettings;
  readonly #interval: OriginalInterval;
  #state: OriginalState = 'init';
  #concurrency: number;
  #ceiling: number | undefined;
  #operating: number;
  #initSamples = 0;
  #samplesSinceProbe = 0;
  #lastProbeMs = 0;
  #savedConcurrency = 0;
  #isRestoring = false;
  #weakIntervals = 0;
  #cooldownUntilMs = 0;
  #lastReductionMs = 0;
  #nextTickMs: number;
  #spacingMs = 0;

  /** @param startMs - now: the first interval ends 1.6 s later */
  constructor(settings: OriginalSettings, startMs: number) {
    this.#settings = settings;
    this.#concurrency = settings.cInit;
    this.#operating = settings.cInit;
    this.#interval = new OriginalInterval(settings, startMs);
    this.#nextTickMs = startMs + Math.max(8 * guessedRtpropMs, 200);
  }

  get permits(): number {
    return this.#concurrency;
  }
  get spacingMs(): number {
    return this.#spacingMs;
  }
  /** The original never pauses. */
  get pauseUntilMs(): number {
    return 0;
  }
  get nextTickMs(): number {
    return this.#nextTickMs;
  }

  onSend(): SendToken {
    return 0;
  }

  onResult(_token: SendToken, outcome: Outcome): void {
    this.#interval.add(outcome);
  }

  tick(nowMs: number, _load: Load): Transition | undefined {
    if (nowMs < this.#nextTickMs) return undefined;
    const before = { state: this.#state, concurrency: this.#concurrency };
    const allowRise = this.#state === 'init' || (this.#state === 'probe-rtt' && this.#isRestoring);
    const round = this.#interval.end(nowMs, allowRise);
    if (round.results > 0) this.#step(round, nowMs);
    const isQuick = this.#state === 'startup' || this.#state === 'backoff';
    this.#nextTickMs = nowMs + (isQuick ? Math.max(4 * this.#rtpropMs, 100) : Math.max(8 * this.#rtpropMs, 200));
    if (before.state === this.#state && before.concurrency === this.#concurrency) return undefined;
    const requestsPerSecond = this.#spacingMs > 0 ? 1000 / this.#spacingMs : Number.POSITIVE_INFINITY;
    return {
      from: before.state,
      to: this.#state,
      reason: `original ${before.state}`,
      permits: this.#concurrency,
      requestsPerSecond,
    };
  }

  get #rtpropMs(): number {
    return this.#interval.rtpropMs ?? guessedRtpropMs;
  }

  #step(round: OriginalRound, nowMs: number): void {
    this.#samplesSinceProbe += round.samples;
    switch (this.#state) {
      case 'init':
        return this.#init(round, nowMs);
      case 'startup':
        return this.#startup(round, nowMs);
      case 'probe-bw':
        return this.#probeBw(round, nowMs);
      case 'probe-rtt':
        return this.#probeRtt(round, nowMs);
      case 'backoff':
        return this.#backoff(round, nowMs);
    }
  }

  #init(round: OriginalRound, nowMs: number): void {
    this.#initSamples += round.samples;
    if (round.errors > 0) {
      this.#ceiling = this.#settings.cInit;
      this.#back(round, nowMs);
    } else if (this.#initSamples >= initSamples) {
      this.#state = 'startup';
      this.#setConcurrency(this.#concurrency);
    }
  }

  #startup(round: OriginalRound, nowMs: number): void {
    const { beta, mu, cMin, cMax, startupAdditiveIncrease, startupTheta50, startupTheta95 } = this.#settings;
    const plateau = round.p50Ms > startupTheta50 * this.#rtpropMs || round.p95Ms > startupTheta95 * this.#rtpropMs;
    if (round.errors > 0) {
      this.#operateAt(Math.max(cMin, Math.trunc(this.#concurrency * beta)));
      this.#back(round, nowMs);
    } else if (plateau || this.#concurrency >= cMax) {
      this.#ceiling = plateau ? this.#concurrency : cMax;
      this.#operating = Math.trunc(this.#ceiling * mu);
      this.#setConcurrency(this.#operating);
      this.#toProbeBw(nowMs);
    } else {
      this.#setConcurrency(this.#concurrency + startupAdditiveIncrease);
    }
  }

  #probeBw(round: OriginalRound, nowMs: number): void {
    const settings = this.#settings;
    if (round.errors > 0) {
      this.#cut();
      this.#setConcurrency(this.#operating);
      this.#back(round, nowMs);
      return;
    }
    if (nowMs - this.#lastProbeMs > settings.probeRttPeriodMs && this.#samplesSinceProbe > probeRttMinSamples) {
      this.#savedConcurrency = this.#concurrency;
      this.#setConcurrency(Math.max(settings.cMin, Math.trunc(this.#concurrency * probeRttFactor)));
      this.#state = 'probe-rtt';
      return;
    }
    if (round.p50Ms > settings.theta50 * this.#rtpropMs || round.p95Ms > settings.theta95 * this.#rtpropMs) return;
    if (this.#ceiling !== undefined && this.#concurrency > this.#ceiling) {
      this.#ceiling = this.#concurrency;
      this.#operating = Math.trunc(this.#ceiling * settings.mu);
    }
    this.#revise(round);
    if (this.#concurrency < settings.cMax) this.#setConcurrency(this.#concurrency + settings.probeBwAdditiveIncrease);
  }

  /** Five weak intervals in a row take one percent off the ceiling. */
  #revise(round: OriginalRound): void {
    if (this.#ceiling === undefined || round.goodputPerS < 1) return;
    const expectedPerS = (1000 * this.#operating) / this.#rtpropMs;
    this.#weakIntervals = round.goodputPerS < underperformanceShare * expectedPerS ? this.#weakIntervals + 1 : 0;
    if (this.#weakIntervals < underperformanceIntervals) return;
    this.#weakIntervals = 0;
    this.#operateAt(
      Math.max(this.#settings.cMin, Math.min(Math.trunc(revisionFactor * this.#ceiling), this.#ceiling - 1)),
    );
  }

  #probeRtt(round: OriginalRound, nowMs: number): void {
    if (round.errors > 0) {
      this.#cut();
      this.#back(round, nowMs);
    } else if (!this.#isRestoring) {
      this.#isRestoring = true;
    } else if (this.#concurrency >= this.#savedConcurrency) {
      this.#isRestoring = false;
      this.#toProbeBw(nowMs);
    } else {
      this.#setConcurrency(
        this.#concurrency + Math.max(1, Math.trunc((this.#savedConcurrency - this.#concurrency) / 2)),
      );
    }
  }

  #backoff(round: OriginalRound, nowMs: number): void {
    const { beta, cMin, mu } = this.#settings;
    const checkMs = Math.max(overloadCheckFloorMs, overloadCheckRtprops * this.#rtpropMs);
    if (round.errors > 0 && nowMs - this.#lastReductionMs >= checkMs) {
      this.#setConcurrency(Math.max(cMin, Math.trunc(this.#concurrency * beta)));
      if (this.#ceiling !== undefined) this.#ceiling = Math.max(cMin, Math.trunc(this.#ceiling * beta));
      this.#back(round, nowMs);
    } else if (nowMs >= this.#cooldownUntilMs) {
      if (this.#ceiling !== undefined) this.#operating = Math.trunc(this.#ceiling * mu);
      this.#setConcurrency(this.#operating);
      this.#toProbeBw(nowMs);
    }
  }

  #cut(): void {
    const { beta, mu, cMin } = this.#settings;
    if (this.#ceiling === undefined) {
      this.#operating = Math.max(cMin, Math.trunc(this.#concurrency * beta));
    } else {
      this.#ceiling = Math.max(cMin, Math.trunc(this.#ceiling * beta));
      this.#operating = Math.trunc(this.#ceiling * mu);
    }
  }

  #operateAt(ceiling: number): void {
    this.#ceiling = ceiling;
    this.#operating = Math.trunc(ceiling * this.#settings.mu);
    this.#setConcurrency(this.#operating);
  }

  #back(round: OriginalRound, nowMs: number): void {
    const cooldownMs = Math.max(cooldownRtprops * this.#rtpropMs, this.#settings.cooldownFloorMs);
    this.#cooldownUntilMs = nowMs + Math.max(cooldownMs, round.retryAfterMs ?? 0);
    this.#lastReductionMs = nowMs;
    this.#state = 'backoff';
  }

  #toProbeBw(nowMs: number): void {
    this.#lastProbeMs = nowMs;
    this.#samplesSinceProbe = 0;
    this.#state = 'probe-bw';
  }

  /** The leaky bucket exists after INIT only, and its delay is recomputed with the limit, not with RTprop. */
  #setConcurrency(concurrency: number): void {
    this.#concurrency = Math.min(this.#settings.cMax, Math.max(this.#settings.cMin, concurrency));
    this.#spacingMs = this.#rtpropMs / this.#concurrency;
  }
}
