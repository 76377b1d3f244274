/** A host as a timeline or workers tell of it, in the words of whoever looks at it here. */
import type { TimelineHost } from '../../job/moment.ts';
import type { HostLoad } from '../../stages/fetch/result-stream.ts';
import type { HostBook } from './host-book.ts';

/** States in which nothing is sent; a quota that is used up is one. */
const PAUSED: readonly string[] = ['paused', 'quota'];

/** Take down what the hosts do. @returns the same as whoever sends to them would say it */
export function toldHosts(told: readonly TimelineHost[], hosts: HostBook): HostLoad[] {
  return told.map(({ host, in_flight: inFlight, limit, waiting, state, paused_ms, allowed }) => {
    hosts.state(host, state);
    const isPaused = PAUSED.includes(state) || paused_ms !== undefined;
    return { host, inFlight, limit, waiting, isPaused, pausedMs: paused_ms, allowedPerSecond: allowed };
  });
}
