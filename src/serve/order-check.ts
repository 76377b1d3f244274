/** Which orders about a host take effect, and what is said of the others. */
import { isIP } from 'node:net';
import { type HostOrder, isEmptyOrder } from '../host-limits.ts';
import type { KnownRule } from '../network/host-rules.ts';
import { domainGroup } from '../stages/fetch/schedule/budget-groups.ts';

/** @param isListed - whether the table of hosts has a line of that name */
export function requireEffect(
  order: HostOrder,
  ruleOf: (host: string) => KnownRule,
  isListed: (name: string) => boolean,
): void {
  const { host, cMax, requestsPerSecond } = order;
  if (isEmptyOrder(order)) return;
  if (/[*?]/.test(host)) {
    if (isListed(host)) return;
    throw new RangeError(`no hosts share a limit as ${host}: name one host, or a line of the table`);
  }
  if (cMax === undefined && requestsPerSecond === undefined) return;
  const { budgetBy = 'host' } = ruleOf(host);
  const isShared = { host: false, domain: domainGroup(host) !== host, address: isIP(host) === 0 }[budgetBy];
  if (!isShared) return;
  const line = budgetBy === 'domain' ? domainGroup(host) : 'its address';
  throw new RangeError(`${host} has no limit of its own (budget_by: ${budgetBy}): change that of ${line} in its place`);
}
