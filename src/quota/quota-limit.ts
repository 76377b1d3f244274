/** A limit that also keeps to so many bytes a second, an hour and a day: what is over that waits. */
import type { Clock } from '../clock.ts';
import type { HostRule } from '../config/types.ts';
import type { HostLimits } from '../host-limits.ts';
import type { Limit, Load, Outcome, SendToken, Transition } from '../paarc/index.ts';
import { publish } from '../telemetry/channels.ts';
import type { Booked, QuotaLedger } from './ledger.ts';
import type { Period } from './spent-bytes.ts';

/** Share of a known quota that is used, as of a known rate. */
const SAFETY = 0.98;
/** So much of a quota is booked at a time, or what may be under way at once if that is more. Chosen. */
const BOOKED_AT_A_TIME = 0.02;
/** Until a host has shown how large its files are. Chosen. */
const USUAL_BYTES = 100_000;
/** What the safety leaves of the window of ten seconds may be sent at once. */
const BURST_MS = 200;
/** How often it is looked whether a booking is written down, where nobody is told of it. */
const LOOK_MS = 10;
/** What is booked and not used goes back when nothing was under way for so long. Chosen. */
const IDLE_MS = 5000;
/** A quota that is used up is not asked for again before. */
const LEAST_PAUSE_MS = 1000;

export interface QuotaSurroundings {
  readonly clock: Clock;
  readonly ledger: QuotaLedger;
}

/** The same limits, those of hosts with a quota under it. Says of each host that has a rule what it is. */
export function withQuotas(limits: HostLimits, around: QuotaSurroundings): HostLimits {
  const inner = new WeakMap<Limit, Limit>();
  return {
    create: (host, rule, revoke, onChange = () => {}) => {
      const limit = limits.create(host, rule, revoke, onChange);
      if (Object.keys(rule).length > 0) publish('flow-dc:host-rule', () => ({ host, rule }));
      if ((rule.bytesPerSecond ?? rule.bytesPerHour ?? rule.bytesPerDay) === undefined) return limit;
      const quota = new QuotaLimit(limit, { host, rule, onChange, ...around, workers: limits.workers ?? (() => 1) });
      inner.set(quota, limit);
      return quota;
    },
    retire: (host, limit) => {
      if (limit instanceof QuotaLimit) limit.giveBack();
      limits.retire(host, inner.get(limit) ?? limit);
    },
    ...(limits.isFull === undefined ? {} : { isFull: limits.isFull }),
  };
}

interface QuotaLimitOptions extends QuotaSurroundings {
  readonly host: string;
  readonly rule: HostRule;
  readonly onChange: () => void;
  /** Among whom a rate is divided, in equal parts: nobody is told what the others send. */
  readonly workers: () => number;
}

class QuotaLimit implements Limit {
  readonly #inner: Limit;
  readonly #options: QuotaLimitOptions;
  readonly #quotas: readonly (readonly [Period, bytes: number])[];
  readonly #bytesPerMs: number;
  #meanBytes = USUAL_BYTES;
  #meanMs = 0;
  #files = 0;
  #inFlight = 0;
  /** Booked, and not used: what is under way is in it. */
  #held = 0;
  #minute = 0;
  /** Of the last booking, and until when that counts. */
  #heldThen = 0;
  #staleAtMs = Number.NEGATIVE_INFINITY;
  #isAsking = false;
  #isOver = false;
  #lookAtMs = 0;
  #usedUpUntilMs = 0;
  /** What was received so far is paid for by then, at the rate. */
  #paidAtMs = 0;
  #cancelIdle: () => void = () => {};

  constructor(inner: Limit, options: QuotaLimitOptions) {
    const { bytesPerSecond, bytesPerHour, bytesPerDay } = options.rule;
    this.#inner = inner;
    this.#options = options;
    const quotas = [['hour', bytesPerHour] as const, ['day', bytesPerDay] as const];
    this.#quotas = quotas.flatMap(([period, bytes]) =>
      bytes === undefined ? [] : [[period, SAFETY * bytes] as const],
    );
    this.#bytesPerMs = bytesPerSecond === undefined ? Number.POSITIVE_INFINITY : (SAFETY * bytesPerSecond) / 1000;
    this.#look();
  }

  get permits(): number {
    const most = Math.min(this.#inner.permits, this.#atRate);
    if (this.#quotas.length === 0) return most;
    if (this.#isShort) return 0;
    return Math.min(most, Math.max(1, Math.floor(this.#held / this.#meanBytes)));
  }

  get spacingMs(): number {
    return this.#inner.spacingMs;
  }

  get pauseUntilMs(): number {
    return Math.max(this.#inner.pauseUntilMs, this.#usedUpUntilMs, this.#paidAtMs - BURST_MS, 0);
  }

  get nextTickMs(): number {
    // Never none without a permit: that is a host out of bounds.
    const lookAtMs = this.#isShort ? Math.max(this.#lookAtMs, this.#usedUpUntilMs) : Number.POSITIVE_INFINITY;
    return Math.min(this.#inner.nextTickMs, lookAtMs);
  }

  get goodUntilMs(): number {
    return this.#inner.goodUntilMs ?? Number.POSITIVE_INFINITY;
  }

  onSend(nowMs: number, inFlight: number): SendToken {
    this.#inFlight += 1;
    this.#cancelIdle();
    return this.#inner.onSend(nowMs, inFlight);
  }

  onResult(token: SendToken, outcome: Outcome, nowMs: number): void {
    this.#inner.onResult(token, outcome, nowMs);
    this.#inFlight -= 1;
    if (this.#inFlight === 0 && this.#quotas.length > 0 && !this.#isOver)
      this.#cancelIdle = this.#options.clock.timer(IDLE_MS, () => this.#book(0));
    if (outcome.kind !== 'ok') return;
    const { bytes, serviceMs } = outcome;
    this.#files += 1;
    const weight = 1 / Math.min(16, this.#files);
    this.#meanBytes += (bytes - this.#meanBytes) * weight;
    this.#meanMs += (serviceMs - this.#meanMs) * weight;
    this.#paidAtMs = Math.max(this.#paidAtMs, nowMs) + (bytes * this.#options.workers()) / this.#bytesPerMs;
    this.#held -= bytes;
    this.#look();
  }

  tick(nowMs: number, load: Load): Transition | undefined {
    this.#lookAtMs = nowMs + LOOK_MS;
    if (load.waiting > 0) this.#look();
    return this.#inner.tick(nowMs, load);
  }

  /** It is not used any more, and nothing is under way. */
  giveBack(): void {
    this.#isOver = true;
    this.#cancelIdle();
    if (this.#held !== 0) this.#book(0);
  }

  /** Nothing can be begun with what is held. */
  get #isShort(): boolean {
    return this.#quotas.length > 0 && this.#held < this.#fileBytes;
  }

  /** A file, or a quota that is smaller: never 0, of hosts whose files are empty. */
  get #fileBytes(): number {
    return Math.max(1, Math.min(this.#meanBytes, ...this.#quotas.map(([, bytes]) => bytes)));
  }

  /** Requests in flight that bring as many bytes as the rate allows, by Little's law. */
  get #atRate(): number {
    if (this.#bytesPerMs === Number.POSITIVE_INFINITY) return this.#bytesPerMs;
    const atRate = (this.#bytesPerMs * this.#meanMs) / Math.max(1, this.#meanBytes);
    return 1 + Math.round(atRate / this.#options.workers());
  }

  /** More is booked in time: when half of it is used, and when the minute is over for which it is booked. */
  #look(): void {
    const nowMs = this.#options.clock.nowMs();
    if (this.#quotas.length === 0 || this.#isOver) return;
    if (nowMs < this.#usedUpUntilMs) {
      if (this.#held < 0) this.#book(0);
      return;
    }
    const isEnough = this.#held >= Math.max(this.#fileBytes, this.#heldThen / 2) && nowMs < this.#staleAtMs;
    if (isEnough) return;
    const smallest = Math.min(...this.#quotas.map(([, bytes]) => bytes));
    const most = Math.min(this.#inner.permits, this.#atRate) * this.#meanBytes;
    this.#book(Math.max(most, BOOKED_AT_A_TIME * smallest, this.#fileBytes));
  }

  #book(want: number): void {
    if (this.#isAsking) return;
    const { host, ledger } = this.#options;
    const [held, minute, wasUsedUp] = [this.#held, this.#minute, this.#usedUpUntilMs > 0];
    const underWay = this.#inFlight * this.#meanBytes;
    this.#isAsking = true;
    if (want === 0) this.#held = 0;
    const asked = { host, held, minute, underWay, want, fileBytes: this.#fileBytes, quotas: this.#quotas, wasUsedUp };
    void ledger.book(asked).then((booked) => {
      this.#isAsking = false;
      this.#held += booked.held - (want === 0 ? 0 : held);
      this.#minute = booked.minute;
      if (want > 0) this.#apply(booked);
      // Something came to its end meanwhile, and nobody will ask any more.
      if (this.#isOver && this.#held !== 0) this.#book(0);
      this.#options.onChange();
    });
  }

  #apply({ held, isOverInMs, usedUp }: Booked): void {
    const { host, rule, clock } = this.#options;
    const nowMs = clock.nowMs();
    const wasUsedUp = this.#usedUpUntilMs > 0;
    this.#heldThen = held;
    this.#staleAtMs = nowMs + isOverInMs;
    this.#usedUpUntilMs = usedUp === undefined ? 0 : nowMs + Math.max(LEAST_PAUSE_MS, usedUp.opensInMs);
    if (usedUp === undefined || wasUsedUp) return;
    const { period, opensInMs } = usedUp;
    const bytes = (period === 'hour' ? rule.bytesPerHour : rule.bytesPerDay) as number;
    publish('flow-dc:quota', () => ({ host, period, bytes, resumesAtMs: clock.wallMs() + opensInMs }));
  }
}
