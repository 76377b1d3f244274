/** Which hosts share one limit, and one queue: each has its own, unless its rule says by domain or by address. */
import { registrableDomain } from '../../../host/host-groups.ts';
import type { Connector } from '../../../network/connector.ts';
import type { KnownRule } from '../../../network/host-rules.ts';

/** Hosts whose address is remembered; they are asked for again after that. */
const MAX_PLACES = 50_000;

interface Placed {
  readonly host: string;
  readonly url: URL;
  readonly task: { isDropped(): boolean };
  group: string;
}

export interface BudgetGroupsOptions {
  readonly ruleOf: (host: string) => KnownRule;
  readonly connector: Pick<Connector, 'addressesOf'>;
  /** Takes care of what goes on while an address is asked for. */
  readonly background: (work: Promise<void>) => void;
  /** Rows have been queued late. */
  readonly pump: () => void;
}

export class BudgetGroups {
  readonly #options: BudgetGroupsOptions;
  /** Groups of several hosts in use, with the rule of the host that came first. */
  readonly #rules = new Map<string, KnownRule>();
  /** Of hosts that share by address. */
  readonly #places = new Map<string, string>();

  constructor(options: BudgetGroupsOptions) {
    this.#options = options;
  }

  /** Give a row its group. @param queue - called then: at once, or when the address of its host is known */
  place(row: Placed, queue: () => void): void {
    const { host, url, task } = row;
    const { ruleOf, connector, background, pump } = this.#options;
    if (ruleOf(host).budgetBy !== 'address' || this.#places.has(host)) {
      row.group = this.of(host);
      return queue();
    }
    const placing = connector.addressesOf(url).then((addresses) => {
      if (this.#places.size >= MAX_PLACES) this.#places.clear();
      // The same for every host of these addresses, in whatever order name servers give them; a name that nobody knows
      // is a group of its own.
      this.#places.set(host, [...addresses].sort()[0] ?? host);
      if (task.isDropped()) return;
      row.group = this.of(host);
      queue();
      pump();
    });
    background(placing);
  }

  /** The group of a host, by a name for people: `*.example.org`, an address, or the host itself. */
  of(host: string): string {
    const rule = this.#options.ruleOf(host);
    if (rule.budgetBy === undefined || rule.budgetBy === 'host') return host;
    const group = rule.budgetBy === 'address' ? (this.#places.get(host) ?? host) : domainGroup(host);
    if (!this.#rules.has(group)) this.#rules.set(group, rule);
    return group;
  }

  ruleOf(group: string): KnownRule {
    return this.#rules.get(group) ?? this.#options.ruleOf(group);
  }

  /** No host of the group is asked any more. */
  forget(group: string): void {
    this.#rules.delete(group);
  }
}

/** The group of a host whose limit is its domain's. */
export function domainGroup(host: string): string {
  const domain = registrableDomain(host);
  return isName(domain) ? `*.${domain}` : host;
}

/** Addresses and names without a dot belong to no domain. */
function isName(host: string): boolean {
  return host.includes('.') && !/[\d\]](:\d+)?$/.test(host);
}
