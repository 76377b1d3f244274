/** Where the fetch stage gets the limits of hosts from: its own law, or a budget shared with other machines. */
import type { HostRule } from './config/types.ts';
import type { Limit } from './paarc/limit.ts';

/** The limits of hosts, each from its host's first row until the host is forgotten. */
export interface HostLimits {
  /** A host's first row is there. `rule` is what the configuration says about the host. */
  readonly create: (host: string, rule: HostRule) => Limit;
  /** A limit that `create` made is not used any more. */
  readonly retire: (host: string, limit: Limit) => void;
}
