/** A limit that also keeps to so many bytes a second, an hour and a day: what is over that waits. */
import type { Clock } from '../clock.ts';
import type { HostRule } from '../config/types.ts';
import type { HostLimits } from '../host-limits.ts';
import type { Limit, Load, Outcome, SendToken, Transition } from '../paarc/index.ts';
import { publish } from '../telemetry/channels.ts';
import type { Period, SpentBook, SpentBytes } from './spent-bytes.ts';

/** Share of a known quota that is used, as of a known rate. */
const SAFETY = 0.98;
/** A quota that was used up is used again when so much of it is free, and not file by file. Chosen. */
const WORTHWHILE = 0.02;
/** Until a host has shown how large its files are. Chosen. */
const USUAL_BYTES = 100_000;
/** What the safety leaves of the window of ten seconds may be sent at once. */
const BURST_MS = 200;

export interface QuotaSurroundings {
  readonly clock: Clock;
  readonly spent: SpentBook;
}

/** The same limits, those of hosts with a quota under it. Says of each host that has a rule what it is. */
export function withQuotas(limits: HostLimits, around: QuotaSurroundings): HostLimits {
  const inner = new WeakMap<Limit, Limit>();
  return {
    create: (host, rule, revoke, onChange) => {
      const limit = limits.create(host, rule, revoke, onChange);
      if (Object.keys(rule).length > 0) publish('flow-dc:host-rule', () => ({ host, rule }));
      if ((rule.bytesPerSecond ?? rule.bytesPerHour ?? rule.bytesPerDay) === undefined) return limit;
      const quota = new QuotaLimit(limit, { host, rule, ...around, workers: limits.workers ?? (() => 1) });
      inner.set(quota, limit);
      return quota;
    },
    retire: (host, limit) => limits.retire(host, inner.get(limit) ?? limit),
    ...(limits.isFull === undefined ? {} : { isFull: limits.isFull }),
  };
}

interface QuotaLimitOptions extends QuotaSurroundings {
  readonly host: string;
  readonly rule: HostRule;
  /** Among whom quotas are divided, in equal parts: nobody is told what the others have had. */
  readonly workers: () => number;
}

class QuotaLimit implements Limit {
  readonly #inner: Limit;
  readonly #options: QuotaLimitOptions;
  readonly #periods: readonly (readonly [Period, bytes: number])[];
  readonly #bytesPerMs: number;
  readonly #spent: SpentBytes;
  #meanBytes = USUAL_BYTES;
  #meanMs = 0;
  /** Requests in flight that what is left has room for. */
  #most = Number.POSITIVE_INFINITY;
  #closedUntilMs = 0;
  /** What was received so far is paid for by then, at the rate. */
  #paidAtMs = 0;

  constructor(inner: Limit, options: QuotaLimitOptions) {
    const { bytesPerSecond, bytesPerHour, bytesPerDay } = options.rule;
    this.#inner = inner;
    this.#options = options;
    const quotas = [['hour', bytesPerHour] as const, ['day', bytesPerDay] as const];
    this.#periods = quotas.flatMap(([period, bytes]) =>
      bytes === undefined ? [] : [[period, SAFETY * bytes] as const],
    );
    this.#bytesPerMs = bytesPerSecond === undefined ? Number.POSITIVE_INFINITY : (SAFETY * bytesPerSecond) / 1000;
    this.#spent = options.spent.of(options.host);
    this.#look();
  }

  get permits(): number {
    return Math.min(this.#inner.permits, this.#most);
  }

  get spacingMs(): number {
    return this.#inner.spacingMs;
  }

  get pauseUntilMs(): number {
    if (this.#closedUntilMs > 0 && this.#options.clock.nowMs() >= this.#closedUntilMs) this.#look();
    return Math.max(this.#inner.pauseUntilMs, this.#closedUntilMs, this.#paidAtMs - BURST_MS, 0);
  }

  get nextTickMs(): number {
    return this.#inner.nextTickMs;
  }

  get goodUntilMs(): number {
    return this.#inner.goodUntilMs ?? Number.POSITIVE_INFINITY;
  }

  onSend(nowMs: number, inFlight: number): SendToken {
    return this.#inner.onSend(nowMs, inFlight);
  }

  onResult(token: SendToken, outcome: Outcome, nowMs: number): void {
    this.#inner.onResult(token, outcome, nowMs);
    if (outcome.kind !== 'ok') return;
    const { spent, clock, workers } = this.#options;
    const { bytes, serviceMs } = outcome;
    this.#meanBytes += (bytes - this.#meanBytes) / 16;
    this.#meanMs += (serviceMs - this.#meanMs) / 16;
    this.#paidAtMs = Math.max(this.#paidAtMs, nowMs) + (bytes * workers()) / this.#bytesPerMs;
    this.#spent.add(bytes, clock.wallMs());
    spent.noteChange();
    this.#look();
  }

  tick(nowMs: number, load: Load): Transition | undefined {
    return this.#inner.tick(nowMs, load);
  }

  /** Requests in flight that bring as many bytes as the rate allows. */
  get #atRate(): number {
    return (this.#bytesPerMs * this.#meanMs) / this.#meanBytes;
  }

  /** How much there is left, and when there will be more if there is nothing. */
  #look(): void {
    const { host, clock, workers } = this.#options;
    const [nowMs, wallMs] = [clock.nowMs(), clock.wallMs()];
    const wasClosed = this.#closedUntilMs > 0;
    // What is in flight at the rate, by Little's law.
    let most =
      this.#bytesPerMs < Number.POSITIVE_INFINITY ? 1 + Math.round(this.#atRate / workers()) : this.#bytesPerMs;
    let untilMs = 0;
    let used: { readonly period: Period; readonly bytes: number } | undefined;
    for (const [period, all] of this.#periods) {
      const bytes = all / Math.max(1, workers());
      const room = bytes - this.#spent.of(period, wallMs);
      const least = Math.min(this.#meanBytes, bytes);
      if (room >= (wasClosed ? Math.max(least, WORTHWHILE * bytes) : least)) {
        most = Math.min(most, Math.max(1, Math.floor(room / this.#meanBytes)));
        continue;
      }
      const opensMs = this.#spent.fallsTo(bytes - Math.max(least, WORTHWHILE * bytes), period, wallMs);
      if (opensMs <= untilMs) continue;
      untilMs = opensMs;
      used = { period, bytes: all / SAFETY };
    }
    this.#most = Math.max(1, most);
    this.#closedUntilMs = used === undefined ? 0 : nowMs + Math.max(1, untilMs - wallMs);
    if (used === undefined || wasClosed) return;
    const { period, bytes } = used;
    publish('flow-dc:quota', () => ({ host, period, bytes, resumesAtMs: untilMs }));
  }
}
