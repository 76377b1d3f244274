/** Hosts, or the domains they belong to, as numbered groups. */

import { ByteTable } from '../structures/byte-table.ts';
import { isStored } from './host.ts';
import type { HostCensus } from './host-census.ts';
import { publicSuffixes } from './public-suffixes.ts';

/**
 * What a host, `name[:port]`, has in common with its siblings: `img1.example.co.uk:8080` and
 * `example.co.uk` are both `example.co.uk`. Addresses, names that no public suffix is listed for, and suffixes
 * themselves have no siblings: they come back as they are. The list's private part (github.io, blogspot.com) is left
 * out on purpose: what is wanted is who answers, not whose pages they are.
 */
export function registrableDomain(host: string): string {
  // Of a bucket it says nothing that its name may be a domain's.
  if (isStored(host)) return host;
  const { domain, isIcann } = publicSuffixes().parse(host);
  return domain !== null && isIcann === true ? domain : host;
}

/**
 * Which group each host of a census belongs to: itself, or its registrable domain. Groups are numbered by first
 * appearance.
 */
export class HostGroups {
  readonly #census: HostCensus;
  readonly #domains: ByteTable | undefined;
  /** By host id, as far as hosts were asked for. */
  #groupOf = new Int32Array(1024);
  #known = 0;

  constructor(census: HostCensus, groupBy: 'host' | 'registrable-domain') {
    this.#census = census;
    this.#domains = groupBy === 'host' ? undefined : new ByteTable();
  }

  /** Group ids are below this. */
  get size(): number {
    return this.#domains === undefined ? this.#census.hosts + 1 : this.#domains.size;
  }

  /** The group of every row from its host's id. */
  read(hosts: Int32Array): Int32Array {
    const domains = this.#domains;
    if (domains === undefined) return hosts;
    this.#learn(domains);
    return hosts.map((host) => this.#groupOf[host] as number);
  }

  #learn(domains: ByteTable): void {
    const ids = this.#census.hosts + 1;
    if (ids > this.#groupOf.length) {
      const groupOf = new Int32Array(Math.max(ids, this.#groupOf.length * 2));
      groupOf.set(this.#groupOf);
      this.#groupOf = groupOf;
    }
    for (; this.#known < ids; this.#known++) {
      this.#groupOf[this.#known] = domains.internText(registrableDomain(this.#census.hostName(this.#known)));
    }
  }
}
