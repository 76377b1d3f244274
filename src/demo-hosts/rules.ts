/** Rules checked and made ready for matching. */
import type { Behaviour, Fault, Gate, Rule, SharedLink } from './behaviour.ts';
import { isGate } from './behaviour.ts';

const KINDS: Readonly<Record<Behaviour['kind'], true>> = {
  latency: true,
  'rate-limit': true,
  slots: true,
  'connection-cap': true,
  outage: true,
  link: true,
  status: true,
  truncated: true,
  html: true,
  'robots-tag': true,
  redirect: true,
  never: true,
  drip: true,
  endless: true,
  'reset-mid-body': true,
  'reset-before-headers': true,
  gzip: true,
  empty: true,
  'wrong-length': true,
  chunked: true,
  'head-status': true,
  'head-length': true,
  'no-range': true,
  validators: true,
};

/** A rule made ready for matching, its behaviours parted. */
export interface CompiledRule {
  readonly host: RegExp;
  readonly path: RegExp | undefined;
  readonly gates: readonly Gate[];
  readonly faults: readonly Fault[];
  readonly link: SharedLink | undefined;
}

/** Errors: TypeError that names the rule and what is wrong with it. */
export function compileRules(rules: readonly Rule[]): CompiledRule[] {
  return rules.map((rule, index) => {
    if (!Array.isArray(rule.behaviours))
      throw new TypeError(`rules[${index}].behaviours: expected a list, got ${JSON.stringify(rule)}`);
    for (const behaviour of rule.behaviours as readonly Behaviour[]) {
      if (behaviour.kind in KINDS) continue;
      throw new TypeError(
        `rules[${index}]: unknown kind "${behaviour.kind}"; expected one of ${Object.keys(KINDS).join(', ')}`,
      );
    }
    return {
      host: globToRegExp(rule.host ?? '*'),
      path: rule.path === undefined ? undefined : globToRegExp(rule.path),
      gates: rule.behaviours.filter(isGate),
      faults: rule.behaviours.filter(
        (behaviour): behaviour is Fault => !isGate(behaviour) && behaviour.kind !== 'link',
      ),
      link: rule.behaviours.find((behaviour) => behaviour.kind === 'link'),
    };
  });
}

/** `*` stands for any run of characters, everything else for itself; case is ignored. */
function globToRegExp(glob: string): RegExp {
  const parts = glob.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'i');
}
