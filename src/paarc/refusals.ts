/** What a host that answers "not now" is told apart by: a rate, a cap on connections, a door that is shut. */
import type { Mark } from './accepted-log.ts';
import { ConnectionCap } from './connection-cap.ts';
import { RateSearch } from './rate-search.ts';
import { noSilence, refusedAgain, type Silence } from './silence.ts';
import type { DelayedSettings } from './valid-settings.ts';

/** A request under way. */
export interface Flight {
  readonly mark: Mark;
  readonly inFlight: number;
}

/** What the host said with it. */
export interface Refusal {
  readonly retryAfterMs?: number | undefined;
  readonly isShut?: boolean | undefined;
}

/** What a refusal calls for. `crowded`: it is one of too many at once, as an overload is. */
export type Answer =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'crowded' }
  | { readonly kind: 'cap'; readonly connections: number }
  | { readonly kind: 'wait'; readonly untilMs: number; readonly reason: string };

export class Refusals {
  readonly rate: RateSearch;
  #silence: Silence = noSilence;
  #holdUntilMs = 0;
  #cap: ConnectionCap | undefined;
  #capAt: number | undefined;
  /** Everything the host granted, and since when. */
  #granted = 0;
  #sinceMs: number | undefined;

  constructor(settings: DelayedSettings) {
    this.rate = new RateSearch(settings);
  }

  /** The host refuses everything: one request at a time, after silences that grow. */
  get isShut(): boolean {
    return this.#silence.lengthMs > 0;
  }

  get pauseUntilMs(): number {
    return Math.max(this.rate.pauseUntilMs, this.#holdUntilMs, this.#silence.untilMs);
  }

  /** A request goes out. */
  send(nowMs: number, inFlight: number): Flight {
    this.#sinceMs ??= nowMs;
    return { mark: this.rate.send(nowMs), inFlight };
  }

  /** A host that had refused everything grants again: at least what it has granted in the long run. */
  grant({ mark, inFlight }: Flight, nowMs: number): void {
    this.#cap?.granted(mark, inFlight);
    this.#granted++;
    if (this.#silence === noSilence) return;
    if (this.isShut) this.rate.grantedInTheLongRun((1000 * this.#granted) / (nowMs - (this.#sinceMs ?? 0)), nowMs);
    this.#silence = noSilence;
  }

  /** @param jitter - uniform in 0..1 */
  refuse(flight: Flight, said: Refusal, nowMs: number, reactionMs: number, jitter: number): Answer {
    const { mark, inFlight } = flight;
    const { retryAfterMs, isShut = false } = said;
    // Who says when speaks of time.
    if (retryAfterMs === undefined) {
      this.#cap ??= new ConnectionCap(mark);
      this.#cap.refused(mark, inFlight, nowMs);
      this.#silence = refusedAgain(this.#silence, mark.atMs, isShut, nowMs, jitter);
    }
    if (this.isShut) return { kind: 'nothing' };
    if (this.#capAt !== undefined && inFlight > this.#capAt) {
      this.rate.crowded(mark);
      return { kind: 'crowded' };
    }
    const connections = this.#cap?.connections;
    if (connections !== undefined) return this.#capConnections(connections, nowMs);
    const decision = this.rate.refuse(mark, inFlight, retryAfterMs, nowMs, reactionMs);
    if (decision === undefined) return { kind: 'nothing' };
    this.#holdUntilMs = Math.max(this.#holdUntilMs, decision.holdUntilMs);
    return {
      kind: 'wait',
      untilMs: Math.max(decision.episodeUntilMs, this.rate.pauseUntilMs),
      reason: decision.reason,
    };
  }

  /** "Too many at once": the rate is open again. */
  #capConnections(connections: number, nowMs: number): Answer {
    this.#capAt = connections;
    this.#cap = undefined;
    this.rate.assume(Number.POSITIVE_INFINITY, nowMs);
    return { kind: 'cap', connections };
  }
}
