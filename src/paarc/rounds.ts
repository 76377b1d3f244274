/** When a round of measuring begins, and what makes it begin anew. */
import { IntervalCollector } from './interval.ts';
import type { PaarcSettings } from './settings.ts';
import type { Control, PaarcState } from './state.ts';
import { isRoundOver, nextLookMs } from './step.ts';
import { gapBaselines, gapLeastMs, gapSettles, initPatienceMs, restMs } from './tuning.ts';

export class Rounds {
  readonly #settings: PaarcSettings;
  #interval: IntervalCollector;
  #idleSinceMs = 0;
  #lastResultMs = Number.POSITIVE_INFINITY;

  constructor(settings: PaarcSettings, startMs: number) {
    this.#settings = settings;
    this.#interval = new IntervalCollector(startMs, startMs, settings.clientElu);
  }

  /** The round that goes on. */
  get interval(): IntervalCollector {
    return this.#interval;
  }

  /** @param settleMs - what comes until then is not its own */
  begin(nowMs: number, settleMs: number): void {
    this.#interval = new IntervalCollector(nowMs, nowMs + settleMs, this.#settings.clientElu);
  }

  idle(nowMs: number): void {
    this.#idleSinceMs = nowMs;
  }

  /** A request goes out after a rest: a round that goes on over it would take the rest for slowness. */
  sendsAgain(nowMs: number, state: PaarcState): void {
    // INIT only counts samples, so it may go on.
    if (state.name !== 'init' && nowMs - this.#idleSinceMs > restMs) this.begin(nowMs, 0);
  }

  /** A host that said nothing for long and answers again: its delay is no queue of ours, and no round to learn from. */
  answers(nowMs: number, { baseline, reactionMs }: Control): void {
    const gapMs = nowMs - this.#lastResultMs;
    this.#lastResultMs = nowMs;
    if (baseline === undefined || gapMs < Math.max(gapLeastMs, gapBaselines * baseline.p95Ms)) return;
    this.begin(nowMs, gapSettles * Math.min(reactionMs, gapMs));
  }

  /** @param flying - the numbers of the requests under way, the oldest first */
  isOver(nowMs: number, control: Control, state: PaarcState, flying: Iterable<number>): boolean {
    const elapsedMs = nowMs - this.#interval.startMs;
    // The first answers of all are the fast ones: those of the first wave that take longer belong to the baseline.
    const [oldest = Number.POSITIVE_INFINITY] = flying;
    if (state.name === 'init' && oldest < this.#settings.cInit && elapsedMs < initPatienceMs) return false;
    return elapsedMs > 0 && isRoundOver(this.#settings, control, state, elapsedMs, this.#interval.samples);
  }

  nextLookMs(nowMs: number, control: Control, state: PaarcState): number {
    return nextLookMs(this.#settings, control, state, this.#interval.startMs, nowMs);
  }
}
