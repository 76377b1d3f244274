/** The original's measurements. */
import { quantile } from './interval.ts';
import { type Outcome, pauseOf } from './limit.ts';
import type { OriginalSettings } from './settings.ts';

/** Fewer latencies than this leave the smoothed quantiles as they are. */
const leastSamples = 5;

/** One interval of the original controller. Smoothed quantiles in ms; 0 before the first. */
export interface OriginalRound {
  readonly results: number;
  readonly samples: number;
  readonly errors: number;
  readonly goodputPerS: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly retryAfterMs: number | undefined;
}

/** The original's measurements: smoothed p10, p50, p95 and RTprop as the least p10 of a window. */
export class OriginalInterval {
  readonly #settings: OriginalSettings;
  #startMs: number;
  #durations: number[] = [];
  #results = 0;
  #successes = 0;
  #errors = 0;
  #retryAfterMs: number | undefined;
  #p50Ms = 0;
  #p95Ms = 0;
  #window: { readonly atMs: number; readonly p10Ms: number }[] = [];
  #rtpropMs: number | undefined;

  constructor(settings: OriginalSettings, startMs: number) {
    this.#settings = settings;
    this.#startMs = startMs;
  }

  get rtpropMs(): number | undefined {
    return this.#rtpropMs;
  }

  add(outcome: Outcome): void {
    this.#results++;
    if (outcome.kind === 'ok') this.#durations.push(outcome.serviceMs);
    if (outcome.kind === 'rate' || outcome.kind === 'overload') {
      this.#errors++;
      this.#retryAfterMs = pauseOf(outcome) ?? this.#retryAfterMs;
    } else {
      this.#successes++;
    }
  }

  /** @param allowRise - a p10 above RTprop may enter the window */
  end(nowMs: number, allowRise: boolean): OriginalRound {
    const sorted = Float64Array.from(this.#durations).sort();
    if (sorted.length >= leastSamples) this.#measure(sorted, nowMs, allowRise);
    const round: OriginalRound = {
      results: this.#results,
      samples: sorted.length,
      errors: this.#errors,
      goodputPerS: (1000 * this.#successes) / Math.max(1, nowMs - this.#startMs),
      p50Ms: this.#p50Ms,
      p95Ms: this.#p95Ms,
      retryAfterMs: this.#retryAfterMs,
    };
    this.#startMs = nowMs;
    this.#durations = [];
    this.#results = 0;
    this.#successes = 0;
    this.#errors = 0;
    this.#retryAfterMs = undefined;
    return round;
  }

  #measure(sorted: Float64Array, nowMs: number, allowRise: boolean): void {
    const p10Ms = quantile(sorted, 0.1);
    this.#p50Ms = this.#smooth(this.#p50Ms, quantile(sorted, 0.5));
    this.#p95Ms = this.#smooth(this.#p95Ms, quantile(sorted, 0.95));
    this.#window = this.#window.filter((entry) => entry.atMs >= nowMs - this.#settings.rtpropWindowMs);
    if (allowRise || this.#rtpropMs === undefined || p10Ms < this.#rtpropMs) this.#window.push({ atMs: nowMs, p10Ms });
    if (this.#window.length > 0) this.#rtpropMs = Math.min(...this.#window.map((entry) => entry.p10Ms));
  }

  #smooth(before: number, value: number): number {
    return before === 0 ? value : this.#settings.alphaEma * value + (1 - this.#settings.alphaEma) * before;
  }
}
