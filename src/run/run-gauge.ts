/** What this process is doing for its job at this moment. */
import type { Clock } from '../clock.ts';
import type { TimelineHost, TimelineMoment } from '../job/moment.ts';
import type { HostLoad } from '../stages/fetch/result-stream.ts';
import { subscribe } from '../telemetry/channels.ts';

/** What the gauge looks at: the fetch stage. */
export interface GaugedStage {
  stats(): {
    readonly inFlight: number;
    readonly queued: number;
    /** Time in which the output took no more, ms, over all threads. */
    readonly heldMs: number;
    readonly threads: number;
  };
  busiestHosts(most: number): readonly HostLoad[];
}

/** Requests to one host that ended. */
interface Attempts {
  ended: number;
  failed: number;
  code: string | undefined;
}

const MAX_HOSTS = 20;
const NO_ATTEMPTS: Readonly<Attempts> = { ended: 0, failed: 0, code: undefined };
/** States that are remembered of hosts; more and the one that was told first goes. */
const MAX_STATES = 4096;

/**
 * Counts rows and requests from its construction until `end`. One at a time: it hears all that happens in the process.
 */
export class RunGauge {
  readonly #source: GaugedStage;
  readonly #clock: Clock;
  readonly #unsubscribe: readonly (() => void)[];
  readonly #counts = { fetched: 0, failed: 0, skipped: 0, bytes: 0 };
  readonly #states = new Map<string, string>();
  /** Until when hosts have given what they may, by the wall clock; there are quotas of a thousand at most. */
  readonly #quotas = new Map<string, number>();
  #attempts = new Map<string, Attempts>();
  #firstHost: string | undefined;
  #isMixed = false;
  #readMs: number;
  #threadsHeldMs = 0;
  /** Of one thread, on the average. */
  #heldMs = 0;

  constructor(source: GaugedStage, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    this.#readMs = clock.nowMs();
    this.#unsubscribe = [
      subscribe('flow-dc:row', ({ status, bytes }) => {
        this.#counts[status] += 1;
        this.#counts.bytes += bytes;
      }),
      subscribe('flow-dc:attempt', ({ host, code }) => this.#noteAttempt(host, code)),
      subscribe('flow-dc:quota', ({ host, resumesAtMs }) => {
        this.#quotas.set(host, resumesAtMs);
      }),
      subscribe('flow-dc:limit', ({ host, transition }) => this.#noteState(host, transition.to)),
    ];
  }

  /** Rates are since the call before. */
  read(): TimelineMoment {
    const nowMs = this.#clock.nowMs();
    const { fetched: stored, failed, skipped, bytes } = this.#counts;
    const { inFlight, queued, heldMs: threadsHeldMs, threads } = this.#source.stats();
    // A thread that has ended takes its time along.
    this.#heldMs += Math.max(0, threadsHeldMs - this.#threadsHeldMs) / threads;
    this.#threadsHeldMs = threadsHeldMs;
    const seconds = (nowMs - this.#readMs) / 1000;
    const hosts = this.#source
      .busiestHosts(MAX_HOSTS)
      .map(({ host, inFlight: in_flight, limit, waiting, isPaused, pausedMs, allowedPerSecond }): TimelineHost => {
        const { ended, failed, code } = this.#attempts.get(host) ?? NO_ATTEMPTS;
        return {
          ...{ host, in_flight, limit, waiting },
          rate: seconds > 0 ? Math.round((ended / seconds) * 100) / 100 : 0,
          state: isPaused ? this.#whyPaused(host) : (this.#states.get(host) ?? 'new'),
          paused_ms: pausedMs && Math.round(pausedMs),
          allowed: allowedPerSecond && Math.round(allowedPerSecond * 100) / 100,
          failing: failed < ended ? undefined : code,
        };
      });
    this.#noteMixed();
    this.#attempts = new Map();
    this.#readMs = nowMs;
    return {
      stored,
      failed,
      skipped,
      bytes,
      in_flight: inFlight,
      queued,
      ...{ held_ms: Math.round(this.#heldMs), mixed: this.#isMixed || undefined },
      hosts,
    };
  }

  end(): void {
    for (const end of this.#unsubscribe) end();
  }

  #whyPaused(host: string): string {
    return (this.#quotas.get(host) ?? 0) > this.#clock.wallMs() ? 'quota' : 'paused';
  }

  #noteAttempt(host: string, code: string | undefined): void {
    let attempts = this.#attempts.get(host);
    if (attempts === undefined) {
      attempts = { ...NO_ATTEMPTS };
      this.#attempts.set(host, attempts);
    }
    attempts.ended += 1;
    if (code === undefined) return;
    attempts.failed += 1;
    attempts.code = code;
  }

  /** Hosts that are done before anybody looks were there too. */
  #noteMixed(): void {
    if (this.#isMixed || this.#attempts.size === 0) return;
    this.#firstHost ??= this.#attempts.keys().next().value;
    this.#isMixed = this.#attempts.size > 1 || !this.#attempts.has(this.#firstHost as string);
  }

  #noteState(host: string, state: string): void {
    this.#states.delete(host);
    this.#states.set(host, state);
    if (this.#states.size > MAX_STATES) this.#states.delete(this.#states.keys().next().value as string);
  }
}
