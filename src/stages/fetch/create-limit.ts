/** Which law moves a host's limit. */
import type { FetchSettings, HostRule } from '../../config/types.ts';
import { FixedLimit, type Limit } from '../../paarc/limit.ts';

/** A factory of limits, one per host, as the settings say. */
export function createLimits(settings: Pick<FetchSettings, 'enablePaarc' | 'law' | 'perHostConcurrency' | 'perHostRate'>): (host: string, rule: HostRule) => Limit {
  return (_host, rule) => {
    const permits = Math.min(settings.perHostConcurrency, rule.cMax ?? Number.POSITIVE_INFINITY);
    return new FixedLimit(permits, rule.requestsPerSecond ?? settings.perHostRate);
  };
}
