/**
 * Limits that somebody may tune while a run goes on. A limit is made anew under the other rule, by whoever makes limits,
 * as soon as no request of the old one is in flight; until then nothing is sent to that host.
 */
import type { HostRule } from '../../../config/types.ts';
import type { HostLimits, HostOrder } from '../../../host-limits.ts';
import type { Limit, Load, Outcome, SendToken, Transition } from '../../../paarc/limit.ts';

export class TunableLimits implements HostLimits {
  readonly #limits: HostLimits;
  readonly #orders = new Map<string, HostOrder>();
  readonly #open = new Map<string, Set<TunableLimit>>();

  constructor(limits: HostLimits) {
    this.#limits = limits;
    if (limits.isFull !== undefined) this.isFull = () => limits.isFull?.() === true;
  }

  readonly isFull?: () => boolean;

  readonly create: HostLimits['create'] = (host, rule, revoke, onChange) => {
    const limit = new TunableLimit(
      () => this.#limits.create(host, this.#ruleOf(host, rule), revoke, onChange),
      (inner) => this.#limits.retire(host, inner),
      onChange,
    );
    const others = this.#open.get(host);
    if (others === undefined) this.#open.set(host, new Set([limit]));
    else others.add(limit);
    return limit;
  };

  readonly retire: HostLimits['retire'] = (host, limit) => {
    const others = this.#open.get(host);
    others?.delete(limit as TunableLimit);
    if (others?.size === 0) this.#open.delete(host);
    this.#limits.retire(host, (limit as TunableLimit).inner);
  };

  /** What is absent is as the configuration says. */
  setHost(order: HostOrder): void {
    const { host, cMax, requestsPerSecond } = order;
    const before = this.#orders.get(host);
    if (before?.cMax === cMax && before?.requestsPerSecond === requestsPerSecond) return;
    if (cMax === undefined && requestsPerSecond === undefined) this.#orders.delete(host);
    else this.#orders.set(host, order);
    for (const limit of this.#open.get(host) ?? []) limit.remake();
  }

  #ruleOf(host: string, rule: HostRule): HostRule {
    const order = this.#orders.get(host);
    if (order === undefined) return rule;
    const { cMax = rule.cMax, requestsPerSecond = rule.requestsPerSecond } = order;
    return { ...rule, cMax, requestsPerSecond };
  }
}

/** So often a limit is looked at that waits for its last requests. */
const LOOK_MS = 50;

class TunableLimit implements Limit {
  inner: Limit;
  readonly #create: () => Limit;
  readonly #retire: (inner: Limit) => void;
  readonly #onChange: (() => void) | undefined;
  #inFlight = 0;
  #isStale = false;
  #lookMs = 0;

  constructor(create: () => Limit, retire: (inner: Limit) => void, onChange: (() => void) | undefined) {
    this.#create = create;
    this.#retire = retire;
    this.#onChange = onChange;
    this.inner = create();
  }

  get permits(): number {
    return this.#isStale ? 0 : this.inner.permits;
  }

  get spacingMs(): number {
    return this.inner.spacingMs;
  }

  get pauseUntilMs(): number {
    return this.inner.pauseUntilMs;
  }

  get nextTickMs(): number {
    if (!this.#isStale) return this.inner.nextTickMs;
    // Never none: a limit without permits that will not think again is a host out of bounds.
    return this.#inFlight === 0 ? 0 : Math.min(this.#lookMs, this.inner.nextTickMs);
  }

  get goodUntilMs(): number {
    return this.inner.goodUntilMs ?? Number.POSITIVE_INFINITY;
  }

  /** It is to be under another rule: at its next tick without a request, so that no slot of the old one is waited for. */
  remake(): void {
    this.#isStale = true;
    this.#onChange?.();
  }

  onSend(nowMs: number, inFlight: number): SendToken {
    this.#inFlight += 1;
    return this.inner.onSend(nowMs, inFlight);
  }

  onResult(token: SendToken, outcome: Outcome, nowMs: number): void {
    this.#inFlight -= 1;
    this.inner.onResult(token, outcome, nowMs);
  }

  tick(nowMs: number, load: Load): Transition | undefined {
    if (!this.#isStale) return this.inner.tick(nowMs, load);
    this.#lookMs = nowMs + LOOK_MS;
    if (this.#inFlight > 0) return this.inner.nextTickMs <= nowMs ? this.inner.tick(nowMs, load) : undefined;
    this.#isStale = false;
    this.#retire(this.inner);
    this.inner = this.#create();
    return undefined;
  }
}
