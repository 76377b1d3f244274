/** A host's rule in words. */
import type { HostRule } from '../config/types.ts';
import { byteSize } from '../format.ts';

/** `at most 2 at once, 3.13 MB a second`; empty for a rule that says nothing. */
export function ruleWords(rule: HostRule): string {
  const { cMax, requestsPerSecond, bytesPerSecond, bytesPerHour, bytesPerDay, budgetBy, timeoutMs } = rule;
  if (rule.skip === true) return 'skipped';
  const limits = [
    cMax === undefined ? undefined : `${cMax} at once`,
    requestsPerSecond === undefined ? undefined : rate(requestsPerSecond),
    bytesPerSecond === undefined ? undefined : `${byteSize(bytesPerSecond)} a second`,
    bytesPerHour === undefined ? undefined : `${byteSize(bytesPerHour)} an hour`,
    bytesPerDay === undefined ? undefined : `${byteSize(bytesPerDay)} a day`,
  ].filter((limit) => limit !== undefined);
  const words = [
    limits.length === 0 ? undefined : `at most ${limits.join(', ')}`,
    SHARED[budgetBy ?? 'host'],
    timeoutMs === undefined ? undefined : `a time limit of ${timeoutMs / 1000} s`,
    rule.userAgent === undefined ? undefined : 'a User-Agent of its own',
    (rule.headers ?? []).length === 0 ? undefined : 'headers of its own',
  ];
  return words.filter((word) => word !== undefined).join(', ');
}

const SHARED = {
  host: undefined,
  domain: 'for all hosts of its domain together',
  address: 'for all hosts at its address together',
} as const;

function rate(perSecond: number): string {
  return perSecond >= 1
    ? `${Math.round(perSecond * 100) / 100} ${perSecond === 1 ? 'request' : 'requests'} a second`
    : `1 request every ${Math.round((1 / perSecond) * 100) / 100} s`;
}
