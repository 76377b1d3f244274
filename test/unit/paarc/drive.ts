/** A host of the simplest kind that drives a limit, and rounds of a quiet one. */
import type { Limit, Load, Outcome, SendToken, Transition } from '../../../src/paarc/index.ts';
import type { Interval } from '../../../src/paarc/interval.ts';

/** A load in which nothing on our side is narrow. */
export const freeLoad: Omit<Load, 'inFlight'> = { waiting: 1000, eventLoopUtilization: 0.2, clientLimited: 0 };

/** A request under way. */
export interface Flight {
  readonly token: SendToken;
  readonly sentMs: number;
}

/**
 * A host of the simplest kind for unit tests: every request is answered after `serviceMs`, with what `answer` says.
 * Virtual time in steps of one millisecond; sends whenever the limit lets it.
 */
export class UnitHost {
  nowMs = 0;
  sends: number[] = [];
  readonly transitions: Transition[] = [];
  #flights: Flight[] = [];
  #lastSendMs = Number.NEGATIVE_INFINITY;

  readonly limit: Limit;
  answer: (sentMs: number, inFlight: number) => Outcome | undefined;
  load = freeLoad;
  supply = Number.POSITIVE_INFINITY;

  constructor(limit: Limit, answer: (sentMs: number, inFlight: number) => Outcome | undefined) {
    this.limit = limit;
    this.answer = answer;
  }

  get inFlight(): number {
    return this.#flights.length;
  }

  run(forMs: number): void {
    const endMs = this.nowMs + forMs;
    for (; this.nowMs < endMs; this.nowMs++) {
      this.#end();
      this.#send();
      if (this.nowMs < this.limit.nextTickMs) continue;
      const transition = this.limit.tick(this.nowMs, { ...this.load, inFlight: this.inFlight });
      if (transition !== undefined) this.transitions.push(transition);
    }
  }

  #end(): void {
    const flying: Flight[] = [];
    for (const flight of this.#flights) {
      const outcome = this.answer(flight.sentMs, this.inFlight);
      const serviceMs = outcome !== undefined && 'serviceMs' in outcome ? outcome.serviceMs : 50;
      if (outcome !== undefined && this.nowMs >= flight.sentMs + serviceMs)
        this.limit.onResult(flight.token, outcome, this.nowMs);
      else flying.push(flight);
    }
    this.#flights = flying;
  }

  #send(): void {
    while (this.inFlight < this.limit.permits && this.supply > 0) {
      if (this.nowMs < Math.max(this.limit.pauseUntilMs, this.#lastSendMs + this.limit.spacingMs)) return;
      this.supply--;
      this.#lastSendMs = this.nowMs;
      this.sends.push(this.nowMs);
      this.#flights.push({ token: this.limit.onSend(this.nowMs, this.inFlight + 1), sentMs: this.nowMs });
    }
  }
}

/** A body that took so long. */
export function ok(serviceMs: number): Outcome {
  return { kind: 'ok', headersMs: serviceMs / 2, serviceMs, bytes: 1000 };
}

/** Latencies around 100 ms. */
export const durations = Array.from({ length: 105 }, (_, index) => 90 + (index % 21));

/** A quiet, saturated round of such a host, but for `part`. */
export function interval(part: Partial<Interval>): Interval {
  return {
    elapsedMs: 250,
    samples: 150,
    results: 150,
    overloads: 0,
    overloadTimeShare: 0,
    overloadMs: 0,
    leastInFlightOverloaded: Number.POSITIVE_INFINITY,
    throughputPerS: 600,
    p25Ms: 90,
    p50Ms: 100,
    p95Ms: 130,
    meanMs: 105,
    saturation: 1,
    clientLimited: false,
    durations,
    ...part,
  };
}
