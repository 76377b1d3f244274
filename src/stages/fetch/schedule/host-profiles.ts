/**
 * What was learned about hosts, for the next time they are met: later in this run, after an idle host was forgotten,
 * and in the next run. A host that was never met is judged by others of its registrable domain.
 */
import { type Clock, systemClock } from '../../../clock.ts';
import { publicSuffixes } from '../../../host/public-suffixes.ts';
import { priorFrom, type Snapshot } from '../../../paarc/index.ts';
import { QuotaBook } from '../../../quota/quota-book.ts';

/** Hosts that are remembered; beyond it the ones not met for longest go. Chosen: some 20 MB of memory, 6 MB as JSON. */
const MAX_HOSTS = 50_000;
/**
 * So many hosts of a domain, the last ones met, speak for it. Chosen: enough for a quartile, few enough to follow a
 * change.
 */
const MAX_ALIKE = 16;
/** Older knowledge is no better than none. Chosen. */
const MAX_AGE_MS = 7 * 24 * 60 * 60_000;

/** A host, as `name[:port]`, and what its controller knew of it when it was last met. */
export interface HostProfile extends Snapshot {
  readonly host: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly atMs: number;
}

/** Profiles of hosts, at most 50,000; iterates from the one met longest ago. */
export class HostProfiles implements Iterable<HostProfile> {
  /** What hosts with a quota have given lately. */
  readonly spent: QuotaBook;
  readonly #clock: Pick<Clock, 'wallMs'>;
  /** Insertion order is age. */
  readonly #profiles = new Map<string, HostProfile>();
  /** Registrable domain to its last hosts, oldest first. */
  readonly #domains = new Map<string, string[]>();
  /** Not among the domains yet: nobody has asked since they came. */
  readonly #fresh: string[] = [];

  constructor(clock: Pick<Clock, 'wallMs'> = systemClock) {
    this.#clock = clock;
    this.spent = new QuotaBook(clock);
  }

  get size(): number {
    return this.#profiles.size;
  }

  [Symbol.iterator](): Iterator<HostProfile> {
    return this.#profiles.values();
  }

  /** What to begin with on `host`: what it showed itself, else the prior of its domain's hosts, else undefined. */
  snapshotOf(host: string): Snapshot | undefined {
    const own = this.#profiles.get(host);
    if (own !== undefined) return own;
    if (this.#profiles.size === 0) return undefined;
    this.#sortIn();
    const domain = domainOf(host);
    const alike = domain === undefined ? undefined : this.#domains.get(domain);
    return priorFrom(alike?.map((other) => this.#profiles.get(other) as HostProfile) ?? []);
  }

  /** Keep what a controller knows of `host` now. */
  remember(host: string, snapshot: Snapshot): void {
    this.#add({ ...snapshot, host, atMs: this.#clock.wallMs() });
  }

  /** Take over what an earlier run has remembered, in any order; what is older than seven days is left out. */
  restore(profiles: Iterable<HostProfile>): void {
    const nowMs = this.#clock.wallMs();
    const recent = [...profiles].filter(({ atMs }) => nowMs - atMs <= MAX_AGE_MS).sort((a, b) => a.atMs - b.atMs);
    // A stamp from the future (another machine, a clock set back) would never grow old.
    for (const profile of recent) this.#add({ ...profile, atMs: Math.min(profile.atMs, nowMs) });
  }

  #add(profile: HostProfile): void {
    this.#forget(profile.host);
    this.#profiles.set(profile.host, profile);
    this.#fresh.push(profile.host);
    if (this.#profiles.size > MAX_HOSTS) this.#forget(this.#profiles.keys().next().value as string);
  }

  #sortIn(): void {
    for (const host of this.#fresh.splice(0)) {
      const domain = domainOf(host);
      if (domain !== undefined)
        this.#domains.set(domain, [...(this.#domains.get(domain) ?? []), host].slice(-MAX_ALIKE));
    }
  }

  #forget(host: string): void {
    if (!this.#profiles.delete(host)) return;
    this.#sortIn();
    const domain = domainOf(host);
    if (domain === undefined) return;
    const others = (this.#domains.get(domain) ?? []).filter((other) => other !== host);
    if (others.length > 0) this.#domains.set(domain, others);
    else this.#domains.delete(domain);
  }
}

/**
 * Registrable domain by the public suffix list. Its private part (github.io, blogspot.com) is left out on purpose: what
 * is wanted is who answers, not whose pages they are. Addresses have none.
 */
function domainOf(host: string): string | undefined {
  return publicSuffixes().getDomain(host) ?? undefined;
}
