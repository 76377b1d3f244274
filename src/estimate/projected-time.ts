/** How long a download takes, at the pace of the probes. */
import type { ProjectedTime } from './estimate.ts';
import type { HostPace } from './prober.ts';
import type { Stratum } from './strata.ts';

export interface PaceOptions {
  /** Requests that a download has in flight on a host from the start. */
  readonly hostConcurrency: number;
  /** Over all hosts. */
  readonly concurrentDownloads: number;
}

/** With fewer answers a measured rate is mostly the time of the first one. Chosen. */
const MIN_ANSWERS = 8;

/**
 * How long a download takes, from what the probes have measured. A host's rate is the higher of the one at which it
 * answered the probes and the one of the requests that a download begins with (concurrency / time to headers, Little's
 * law); its rows take rows / rate, and all hosts work at once: the slowest decides, or the number of downloads at once
 * over the mean time to headers. What a download learns of a host in the course of hours it cannot know, so it errs on
 * the slow side.
 */
export function projectedTime(
  strata: readonly Stratum[],
  paces: ReadonlyMap<string, HostPace>,
  bytes: number | undefined,
  options: PaceOptions,
): ProjectedTime {
  const slowest = strata
    .flatMap(({ host, rows }) => {
      const pace = host === undefined ? undefined : paces.get(host);
      return host === undefined || pace === undefined ? [] : [{ host, rows, requestsPerSecond: rateOf(pace, options) }];
    })
    .sort((a, b) => b.rows / b.requestsPerSecond - a.rows / a.requestsPerSecond)[0];
  const answers = [...paces.values()].reduce((sum, pace) => sum + pace.answers, 0);
  const transfer =
    bytes === undefined ? {} : { transferMs: { at100Mbit: transferMs(bytes, 100), at1Gbit: transferMs(bytes, 1000) } };
  if (answers === 0) return transfer;
  const headersMs = [...paces.values()].reduce((sum, pace) => sum + pace.headersMs * pace.answers, 0) / answers;
  const rows = strata.reduce((sum, stratum) => sum + stratum.rows, 0);
  const allMs = (rows * headersMs) / options.concurrentDownloads;
  const hostMs = slowest === undefined ? 0 : (1000 * slowest.rows) / slowest.requestsPerSecond;
  return {
    requestsMs: Math.max(allMs, hostMs),
    ...(slowest === undefined || allMs > hostMs ? {} : { slowestHost: slowest }),
    ...transfer,
  };
}

function rateOf({ answers, headersMs, spanMs }: HostPace, { hostConcurrency }: PaceOptions): number {
  const atStart = (1000 * hostConcurrency) / Math.max(1, headersMs);
  return answers < MIN_ANSWERS ? atStart : Math.max(atStart, (1000 * answers) / Math.max(1, spanMs));
}

function transferMs(bytes: number, megabits: number): number {
  return (bytes * 8) / (megabits * 1000);
}
