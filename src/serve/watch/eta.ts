/** When a run ends, and what that rests on, or why nobody can tell. Pure. */
import { count, duration } from '../../format.ts';
import { bottleneckMs } from '../../job/bottleneck.ts';
import type { HostLoad } from '../../stages/fetch/result-stream.ts';
import type { Bottleneck } from '../../telemetry/channels.ts';
import type { ServedState } from './served-state.ts';

export interface Outlook {
  readonly isOver: boolean;
  readonly isPaused: boolean;
  /** Of all runs, as far as it is known. */
  readonly total: number | undefined;
  readonly done: number;
  readonly rowsPerSecond: number;
  readonly bottleneck: Bottleneck | undefined;
  /** All with rows. */
  readonly hosts: readonly HostLoad[];
}

export function etaOf(now: Outlook): Pick<ServedState, 'etaMs' | 'etaReason'> {
  const { total, done, rowsPerSecond: perSecond } = now;
  if (now.isOver) return { etaReason: 'it has ended' };
  if (now.isPaused) return { etaReason: 'paused' };
  if (total === undefined) return { etaReason: 'how many rows there are is not known yet' };
  const left = Math.max(0, total - done);
  if (perSecond <= 0) return { etaReason: 'no row has ended in the last 10 s' };
  const byRate = (1000 * left) / perSecond;
  const reason = `${count(left)} rows at ${count(perSecond)}/s, the rate of the last 10 s`;
  const slowest = now.bottleneck ?? slowestOf(now.hosts);
  const { host, waiting = 0, inFlight = 0, requestsPerSecond = 0 } = slowest ?? {};
  const byHost = bottleneckMs(slowest);
  if (byHost <= byRate) return { etaMs: byRate, etaReason: reason };
  const rows = `${count(waiting + inFlight)} rows at ${requestsPerSecond.toFixed(1)}/s`;
  return { etaMs: byHost, etaReason: `${host} alone needs ${duration(byHost)}: ${rows}` };
}

/** The host whose rows that are here take longest, by the rate that its limit allows. */
function slowestOf(hosts: readonly HostLoad[]): Partial<Bottleneck> | undefined {
  let slowest: Partial<Bottleneck> | undefined;
  let most = 0;
  for (const { host, waiting, inFlight, allowedPerSecond = 0 } of hosts) {
    const seconds = allowedPerSecond > 0 ? waiting / allowedPerSecond : 0;
    if (seconds <= most) continue;
    most = seconds;
    slowest = { host, waiting, inFlight, requestsPerSecond: allowedPerSecond };
  }
  return slowest;
}
