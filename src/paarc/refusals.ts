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
  /** Sent at an even pace. */
  readonly isPaced: boolean;
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
  #cap = new ConnectionCap();
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

  /** A request goes out. @param isSettled - no refusal is being dealt with */
  send(nowMs: number, inFlight: number, isSettled: boolean): Flight {
    this.#sinceMs ??= nowMs;
    const isPaced = isSettled && this.rate.perS < Number.POSITIVE_INFINITY;
    return { mark: this.rate.send(nowMs), inFlight, isPaced };
  }

  /** A host that had refused everything grants again: at least what it has granted in the long run. */
  grant({ isPaced, inFlight }: Flight, nowMs: number): void {
    if (isPaced) this.#cap.granted(inFlight);
    this.#granted++;
    if (this.#silence === noSilence) return;
    if (this.isShut) this.rate.grantedInTheLongRun((1000 * this.#granted) / (nowMs - (this.#sinceMs ?? 0)), nowMs);
    this.#silence = noSilence;
  }

  /** @param jitter - uniform in 0..1 */
  refuse(flight: Flight, said: Refusal, nowMs: number, reactionMs: number, jitter: number): Answer {
    const { mark, inFlight, isPaced } = flight;
    const { retryAfterMs, isShut = false } = said;
    if (isPaced) this.#cap.refused(inFlight);
    if (retryAfterMs === undefined) this.#silence = refusedAgain(this.#silence, mark.atMs, isShut, nowMs, jitter);
    if (this.isShut) return { kind: 'nothing' };
    if (this.#capAt !== undefined && inFlight > this.#capAt) return { kind: 'crowded' };
    const { connections } = this.#cap;
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
    this.#cap = new ConnectionCap();
    this.rate.assume(Number.POSITIVE_INFINITY, nowMs);
    return { kind: 'cap', connections };
  }
}
