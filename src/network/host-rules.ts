/** Which rule holds for a host: what the user says of it, and where that leaves something open, what the host asks for. */

import { plainGlob } from '../config/schema/host-glob.ts';
import type { HostRule } from '../config/types.ts';
import { HOST_PRESETS, type HostPreset } from './host-presets.ts';

/** A host's rule, and the preset that it is from, or partly. */
export interface KnownRule extends HostRule {
  readonly preset?: Pick<HostPreset, 'asks' | 'source' | 'wantsContact'> | undefined;
}

const NOTHING_SPECIAL: KnownRule = {};

/** Hosts whose rule is remembered: patterns are tried for each request otherwise. */
const MAX_KNOWN = 8192;

/** What rules are made from. */
export interface RuleSettings {
  readonly hosts: Readonly<Record<string, HostRule>>;
  readonly hostPresets?: boolean | undefined;
}

/** @returns a lookup by `host[:port]`; a pattern without a port matches every port */
export function createHostRules({ hosts, hostPresets = false }: RuleSettings): (host: string) => KnownRule {
  const own = Object.entries(hosts).map(([glob, rule]) => ({ patterns: [globPattern(glob)], rule }));
  const presets = hostPresets
    ? HOST_PRESETS.map(({ globs, rule, ...preset }) => ({
        patterns: globs.map(globPattern),
        rule: { ...rule, preset },
      }))
    : [];
  if (own.length + presets.length === 0) return () => NOTHING_SPECIAL;
  const known = new Map<string, KnownRule>();
  const find = <Rule>(rules: readonly { patterns: readonly RegExp[]; rule: Rule }[], host: string): Rule | undefined =>
    rules.find(({ patterns }) => patterns.some((pattern) => pattern.test(host)))?.rule;
  return (host) => {
    let rule = known.get(host);
    if (rule === undefined) {
      rule = joined(find(own, host), find(presets, host));
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(host, rule);
    }
    return rule;
  };
}

function joined(own: HostRule | undefined, preset: KnownRule | undefined): KnownRule {
  if (own === undefined || preset === undefined) return own ?? preset ?? NOTHING_SPECIAL;
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return { ...preset, ...given };
}

/** `*` stands for any run of characters, `?` for one; a dot at the end of a name makes no other host of it. */
function globPattern(glob: string): RegExp {
  const [, name = '', port = '(?::\\d+)?'] = /^(.*?)\.?(:[\d*?]+)?$/.exec(plainGlob(glob)) ?? [];
  return new RegExp(`^${asPattern(name)}\\.?${port.startsWith(':') ? asPattern(port) : port}$`);
}

function asPattern(glob: string): string {
  return glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
}
