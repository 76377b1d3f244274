/** Where the fetch stage gets the limits of hosts from: its own controllers, or a budget shared with other machines. */
import type { HostRule } from './config/types.ts';
import type { Limit } from './paarc/limit.ts';

/** The limits of hosts, each from its host's first row until the host is forgotten. */
export interface HostLimits {
  /**
   * A host's first row is there.
   * @param rule - what the configuration says about the host
   * @param revoke - ends every request to the host that is in flight, and queues its row again as if it had not been
   * sent: for a limit that others may use from some moment on, whatever we still have under way
   * @param onChange - called when the limit has moved by itself, and not because of what it was told
   */
  readonly create: (host: string, rule: HostRule, revoke: () => void, onChange?: () => void) => Limit;
  /** A limit that `create` made is not used any more. */
  readonly retire: (host: string, limit: Limit) => void;
  /** Machines that share the limits, this one among them; absent for this one alone. */
  readonly workers?: () => number;
  /** As many requests are in flight as may be, whatever their hosts; asked where several threads share that number. */
  readonly isFull?: () => boolean;
}

/** Hosts that something may be said of while a run goes on. Chosen. */
export const MAX_ORDERS = 1000;

/** What somebody says of one host while a run goes on; what is absent is as the configuration says. */
export interface HostOrder {
  readonly host: string;
  /** Its rows that are not under way end as `host_skipped`. */
  readonly skip?: boolean | undefined;
  /** Requests at once, at most; at least 1. */
  readonly cMax?: number | undefined;
  /** Above 0. */
  readonly requestsPerSecond?: number | undefined;
}

/** All is as the configuration says again. */
export function isEmptyOrder({ skip, cMax, requestsPerSecond }: HostOrder): boolean {
  return skip !== true && cMax === undefined && requestsPerSecond === undefined;
}

export function tooManyOrders(): RangeError {
  return new RangeError(`${MAX_ORDERS} hosts have a rule of their own, which is as many as there may be`);
}
