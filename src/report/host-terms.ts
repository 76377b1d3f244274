/** What holds for hosts: what the jobs' configurations say of them, and what the hosts ask for themselves. */
import { resolveConfig } from '../config/resolve.ts';
import type { Config } from '../config/types.ts';
import { createHostRules } from '../network/host-rules.ts';
import { ruleWords } from '../network/rule-words.ts';

/** A host, and what is said of it. */
export interface HostTerms {
  readonly host: string;
  /** By the configuration; absent where it says nothing. */
  readonly rule?: string | undefined;
  /** In its owner's words, with the page; absent where that is not known. */
  readonly asks?: string | undefined;
}

/**
 * Those of `hosts` of which anything is said.
 * @param settings - configuration keys of jobs; those that this version does not understand are left out
 */
export function hostTerms(
  hosts: readonly { readonly host: string }[],
  settings: readonly Readonly<Record<string, unknown>>[],
): HostTerms[] {
  const rules = settings.map((keys) => createHostRules({ hosts: hostsOf(keys) }));
  const asked = createHostRules({ hosts: {}, hostPresets: true });
  return hosts.flatMap(({ host }) => {
    const rule = rules.map((ruleOf) => ruleWords(ruleOf(host))).find((words) => words !== '');
    const { preset } = asked(host);
    const asks = preset === undefined ? undefined : `${preset.asks} (${preset.source})`;
    return rule === undefined && asks === undefined ? [] : [{ host, rule, asks }];
  });
}

function hostsOf({ hosts }: Readonly<Record<string, unknown>>) {
  try {
    return resolveConfig({ hosts } as Config).fetch.hosts;
  } catch {
    return {};
  }
}
