/** What the server saw of one host. */

/** What the server saw of one host. Times are its clock's monotonic milliseconds. */
export interface HostStats {
  readonly requests: number;
  /** Answers by HTTP status; requests that never got one (resets, silence, clients that left) are not in it. */
  readonly byStatus: Readonly<Record<number, number>>;
  readonly inFlight: number;
  readonly maxInFlight: number;
  /** Arrival of the latest requests, oldest first, at most 4096. */
  readonly arrivalsMs: readonly number[];
  readonly userAgents: readonly string[];
}

const ARRIVALS = 4096;
/** A client has few; the bound is against a client that makes one up per request. */
const USER_AGENTS = 16;

/** Counts of one host while it is served. */
export class HostCounter {
  #requests = 0;
  #inFlight = 0;
  #maxInFlight = 0;
  readonly #byStatus = new Map<number, number>();
  readonly #arrivalsMs: number[] = [];
  readonly #userAgents = new Set<string>();

  /** A request came in; call the result once, when its connection or its answer is done. */
  begin(nowMs: number, userAgent: string | undefined): () => void {
    this.#arrivalsMs[this.#requests % ARRIVALS] = nowMs;
    this.#requests += 1;
    this.#inFlight += 1;
    this.#maxInFlight = Math.max(this.#maxInFlight, this.#inFlight);
    if (userAgent !== undefined && this.#userAgents.size < USER_AGENTS) this.#userAgents.add(userAgent);
    return () => {
      this.#inFlight -= 1;
    };
  }

  answered(status: number): void {
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
  }

  snapshot(): HostStats {
    const next = this.#requests % ARRIVALS;
    const arrivalsMs =
      this.#requests > ARRIVALS
        ? [...this.#arrivalsMs.slice(next), ...this.#arrivalsMs.slice(0, next)]
        : [...this.#arrivalsMs];
    return {
      requests: this.#requests,
      byStatus: Object.fromEntries(this.#byStatus),
      inFlight: this.#inFlight,
      maxInFlight: this.#maxInFlight,
      arrivalsMs,
      userAgents: [...this.#userAgents],
    };
  }

  /** Forget everything but the requests still in flight. */
  reset(): void {
    this.#requests = 0;
    this.#maxInFlight = this.#inFlight;
    this.#byStatus.clear();
    this.#arrivalsMs.length = 0;
    this.#userAgents.clear();
  }
}
