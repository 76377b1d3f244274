/** Which controller moves a host's limit, what it starts from, and a rate that somebody has set above it. */
import type { Clock } from '../../../clock.ts';
import type { ControllerSettings, FetchSettings, HostRule } from '../../../config/types.ts';
import type { HostLimits } from '../../../host-limits.ts';
import {
  cappedAt,
  FixedLimit,
  type Limit,
  type Load,
  OriginalLimit,
  type Outcome,
  PaarcLimit,
  type PaarcSettings,
  type SendToken,
  type Transition,
} from '../../../paarc/index.ts';
import type { HostProfiles } from './host-profiles.ts';

type LawSettings = Pick<FetchSettings, 'enablePaarc' | 'law' | 'perHostConcurrency' | 'perHostRate'>;

interface Surroundings {
  readonly clock: Clock;
  readonly random: () => number;
  /** What new limits start from and retired ones add to. */
  readonly profiles: HostProfiles;
}

/** Limits under the law of the settings, one per host. A host's own rule caps whatever the law finds. */
export function createLimits(settings: LawSettings, paarc: ControllerSettings, around: Surroundings): HostLimits {
  if (!settings.enablePaarc || settings.law === 'fixed') return ownLimits((_host, rule) => fixedLimit(settings, rule));
  if (settings.law === 'paarc') return paarcLimits(paarc, around);
  return ownLimits((_host, rule) => {
    const limit = new OriginalLimit(cappedAt(paarc, rule.cMax), around.clock.nowMs());
    return rule.requestsPerSecond === undefined ? limit : new RateCap(limit, rule.requestsPerSecond);
  });
}

/** Limits of a law that keeps nothing of a host. */
export function ownLimits(create: HostLimits['create']): HostLimits {
  return { create, retire: () => {} };
}

function fixedLimit(settings: LawSettings, rule: HostRule): Limit {
  const permits = Math.min(settings.perHostConcurrency, rule.cMax ?? Number.POSITIVE_INFINITY);
  return new FixedLimit(permits, rule.requestsPerSecond ?? settings.perHostRate);
}

function paarcLimits(settings: PaarcSettings, { clock, random, profiles }: Surroundings): HostLimits {
  const atBirth = new WeakMap<Limit, string | undefined>();
  return {
    create: (host, rule) => {
      const known = { ...cappedAt(settings, rule.cMax), maxRequestsPerSecond: rule.requestsPerSecond };
      const limit = new PaarcLimit(known, random, clock.nowMs(), profiles.snapshotOf(host));
      atBirth.set(limit, JSON.stringify(limit.snapshot()));
      return limit;
    },
    retire: (host, limit) => {
      const snapshot = limit instanceof PaarcLimit ? limit.snapshot() : undefined;
      // What it was born with is no news: remembered again, a guess from other hosts would pass for a measurement of
      // this one.
      if (snapshot !== undefined && JSON.stringify(snapshot) !== atBirth.get(limit)) profiles.remember(host, snapshot);
    },
  };
}

/** A limit that also never sends faster than a rate somebody has set for the host. */
class RateCap implements Limit {
  readonly #inner: Limit;
  readonly #leastSpacingMs: number;

  /** @param requestsPerSecond - above 0 */
  constructor(inner: Limit, requestsPerSecond: number) {
    this.#inner = inner;
    this.#leastSpacingMs = 1000 / requestsPerSecond;
  }

  get permits(): number {
    return this.#inner.permits;
  }

  get spacingMs(): number {
    return Math.max(this.#inner.spacingMs, this.#leastSpacingMs);
  }

  get pauseUntilMs(): number {
    return this.#inner.pauseUntilMs;
  }

  get nextTickMs(): number {
    return this.#inner.nextTickMs;
  }

  onSend(nowMs: number, inFlight: number): SendToken {
    return this.#inner.onSend(nowMs, inFlight);
  }

  onResult(token: SendToken, outcome: Outcome, nowMs: number): void {
    this.#inner.onResult(token, outcome, nowMs);
  }

  tick(nowMs: number, load: Load): Transition | undefined {
    return this.#inner.tick(nowMs, load);
  }
}
