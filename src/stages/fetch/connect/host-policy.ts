/** The `hosts` map of the configuration: what is different for some hosts. Globs; the first that matches counts. */
import type { HostRule } from '../../../config/types.ts';

const NOTHING_SPECIAL: HostRule = {};

/** @returns a lookup by `host[:port]`; a pattern without a port matches every port */
export function createHostPolicies(hosts: Readonly<Record<string, HostRule>>): (host: string) => HostRule {
  const rules = Object.entries(hosts).map(([glob, rule]) => ({ pattern: globPattern(glob), rule }));
  if (rules.length === 0) return () => NOTHING_SPECIAL;
  return (host) => rules.find(({ pattern }) => pattern.test(host))?.rule ?? NOTHING_SPECIAL;
}

/** `*` stands for any run of characters, `?` for one. */
function globPattern(glob: string): RegExp {
  const body = glob
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${body}${/:\d+$/.test(glob) ? '' : '(:\\d+)?'}$`);
}
