/** From what the probes have found to estimates: bytes, failures, hosts, and the time of a download. Pure. */
import { isTransient, type RowCode } from '../row-codes.ts';
import type { ExpectedFailure, HostEstimate, ManifestEstimate, ProjectedTime } from './estimate.ts';
import type { ProbeOutcome } from './host-manners.ts';
import type { HostPace } from './prober.ts';
import type { SampleRow } from './row-sampler.ts';
import type { Stratum } from './strata.ts';
import { type RowsEstimate, stratifiedShare, stratifiedTotal, type TotalEstimate } from './stratified-sample.ts';

const LISTED_HOSTS = 20;
/** With fewer answers a measured rate is mostly the time of the first one. Chosen. */
const MIN_ANSWERS = 8;

/** A stratum with what came of its sample. */
interface Probed {
  readonly stratum: Stratum;
  readonly outcomes: readonly ProbeOutcome[];
}

export type Summary = Pick<ManifestEstimate, 'bytes' | 'fetched' | 'unresolved' | 'failures' | 'hosts'> & {
  readonly counts: { readonly sized: number; readonly failed: number; readonly unresolved: number };
};

/** @param unfetchable - rows by code that no request can be made for */
export function summarize(
  strata: readonly Stratum[],
  outcomes: ReadonlyMap<SampleRow, ProbeOutcome>,
  unfetchable: ReadonlyMap<RowCode, number>,
): Summary {
  const probed = strata.map((stratum) => ({
    stratum,
    outcomes: stratum.sample.flatMap((row) => outcomes.get(row) ?? []),
  }));
  return {
    bytes: bytesOf(probed),
    fetched: rowsWith(probed, ({ kind }) => kind === 'sized'),
    unresolved: { sampled: countOf(probed, 'unresolved'), ...rowsWith(probed, ({ kind }) => kind === 'unresolved') },
    failures: failuresOf(probed, unfetchable),
    hosts: hostsOf(probed),
    counts: {
      sized: countOf(probed, 'sized'),
      failed: countOf(probed, 'failed'),
      unresolved: countOf(probed, 'unresolved'),
    },
  };
}

/**
 * Two estimates, for the two things that an unresolved row may turn out to be: like the rows of its stratum whose size
 * is known (total and upper end), or nothing at all (lower end).
 */
function bytesOf(probed: readonly Probed[]): TotalEstimate | undefined {
  if (countOf(probed, 'sized') === 0) return undefined;
  const bytes = (outcome: ProbeOutcome): number => (outcome.kind === 'sized' ? outcome.bytes : 0);
  const known = probed.map(({ stratum: { rows }, outcomes }) => ({
    rows,
    values: outcomes.filter(({ kind }) => kind !== 'unresolved').map(bytes),
  }));
  const { total, high } = stratifiedTotal(known);
  const { low } = stratifiedTotal(
    probed.map(({ stratum: { rows }, outcomes }) => ({ rows, values: outcomes.map(bytes) })),
  );
  return { total: Math.round(total), low: Math.floor(Math.min(low, total)), high: Math.ceil(high) };
}

function failuresOf(probed: readonly Probed[], unfetchable: ReadonlyMap<RowCode, number>): ExpectedFailure[] {
  const codes = new Set(
    probed.flatMap(({ outcomes }) => outcomes.flatMap((outcome) => ('code' in outcome ? [outcome.code] : []))),
  );
  const estimated = [...codes].map((code) => {
    const isHit = (outcome: ProbeOutcome): boolean => 'code' in outcome && outcome.code === code;
    const sampled = probed.reduce((sum, { outcomes }) => sum + outcomes.filter(isHit).length, 0);
    return { code, transient: isTransient(code), sampled, ...rowsWith(probed, isHit) };
  });
  const counted = [...unfetchable].map(([code, rows]) => ({
    code,
    transient: false,
    sampled: 0,
    rows,
    low: rows,
    high: rows,
  }));
  return [...estimated, ...counted].sort((a, b) => b.rows - a.rows);
}

function hostsOf(probed: readonly Probed[]): HostEstimate[] {
  const hosts = probed.flatMap(({ stratum: { host, rows }, outcomes }) => {
    const sizes = outcomes.flatMap((outcome) => (outcome.kind === 'sized' ? [outcome.bytes] : []));
    const known = outcomes.filter(({ kind }) => kind !== 'unresolved').length;
    if (host === undefined || sizes.length === 0) return [];
    const sum = sizes.reduce((total, size) => total + size, 0);
    return [
      {
        host,
        rows,
        sampled: outcomes.length,
        sized: sizes.length,
        meanBytes: Math.round(sum / sizes.length),
        bytes: Math.round((rows * sum) / known),
      },
    ];
  });
  return hosts.sort((a, b) => b.bytes - a.bytes).slice(0, LISTED_HOSTS);
}

function rowsWith(probed: readonly Probed[], isHit: (outcome: ProbeOutcome) => boolean): RowsEstimate {
  return stratifiedShare(
    probed.map(({ stratum: { rows }, outcomes }) => ({
      rows,
      sampled: outcomes.length,
      hits: outcomes.filter(isHit).length,
    })),
  );
}

function countOf(probed: readonly Probed[], kind: ProbeOutcome['kind']): number {
  return probed.reduce((sum, { outcomes }) => sum + outcomes.filter((outcome) => outcome.kind === kind).length, 0);
}

export interface PaceOptions {
  /** Requests that a download has in flight on a host from the start. */
  readonly hostConcurrency: number;
  /** Over all hosts. */
  readonly concurrentDownloads: number;
}

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
    bytes === undefined ? undefined : { at100Mbit: transferMs(bytes, 100), at1Gbit: transferMs(bytes, 1000) };
  if (answers === 0) return { transferMs: transfer };
  const headersMs = [...paces.values()].reduce((sum, pace) => sum + pace.headersMs * pace.answers, 0) / answers;
  const rows = strata.reduce((sum, stratum) => sum + stratum.rows, 0);
  const allMs = (rows * headersMs) / options.concurrentDownloads;
  const hostMs = slowest === undefined ? 0 : (1000 * slowest.rows) / slowest.requestsPerSecond;
  return {
    requestsMs: Math.max(allMs, hostMs),
    slowestHost: allMs > hostMs ? undefined : slowest,
    transferMs: transfer,
  };
}

function rateOf({ answers, headersMs, spanMs }: HostPace, { hostConcurrency }: PaceOptions): number {
  const atStart = (1000 * hostConcurrency) / Math.max(1, headersMs);
  return answers < MIN_ANSWERS ? atStart : Math.max(atStart, (1000 * answers) / Math.max(1, spanMs));
}

function transferMs(bytes: number, megabits: number): number {
  return (bytes * 8) / (megabits * 1000);
}
