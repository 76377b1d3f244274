/** A sample of a manifest, its sizes, and what follows for all of it. */
import type { Readable } from 'node:stream';
import type { Data, RecordBatch } from 'apache-arrow';
import { textColumn } from '../arrow/text.ts';
import { type Clock, systemClock } from '../clock.ts';
import { stageSettings } from '../config/stage-settings.ts';
import type { ManifestOptions } from '../config/types.ts';
import { freeBytes } from '../destination/disk.ts';
import { FlowDcError } from '../errors.ts';
import { hostOf, INVALID_HOST, isStored, unsupportedScheme } from '../host/host.ts';
import { badRowReason } from '../record.ts';
import type { RowCode } from '../row-codes.ts';
import type { FetchStageOptions } from '../stages/fetch/settings.ts';
import { readManifest } from '../stages/manifest/read-manifest.ts';
import { preciseRandom } from '../structures/seeded-random.ts';
import type { DiskRoom, ManifestEstimate } from './estimate.ts';
import { probeRows } from './prober.ts';
import { RowSampler } from './row-sampler.ts';
import { makeStrata } from './strata.ts';
import { projectedTime, summarize } from './summarize.ts';

export interface EstimateOptions {
  readonly manifest?: ManifestOptions | undefined;
  /** As for a download: probes are sent at the same pace and by the same rules. */
  readonly fetch?: FetchStageOptions | undefined;
  /** Rows whose size is asked for, about; default 1000. As many as there are give the exact total. */
  readonly sampleRows?: number | undefined;
  /** The same seed takes the same rows of the same manifest; default 1. */
  readonly sampleSeed?: number | undefined;
  /** Where the dataset would go: its free space is compared. */
  readonly output?: string | undefined;
  readonly stdin?: Readable | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told after every batch of the manifest: rows so far, and of how many when that is known. */
  readonly onRows?: ((rows: number, total: number | undefined) => void) | undefined;
  /** Told as probes end: rows of the sample that are through, and of how many. */
  readonly onProbes?: ((done: number, total: number) => void) | undefined;
}

/**
 * Tar headers, padding to 512 bytes, KEY.json, and a line of the outcome table. Chosen: twice what the demo's dataset
 * needs.
 */
const OVERHEAD_BYTES_PER_ROW = 2048;

interface SampledManifest {
  readonly sampler: RowSampler;
  readonly unfetchable: ReadonlyMap<RowCode, number>;
  readonly rows: number;
}

/**
 * Estimate what a download of a manifest will bring: one pass to a sample that is stratified over hosts, then a request
 * for the size of each row of it. Memory grows with the sample, not with the manifest.
 * Errors: those of readManifest and fetchRows; FDC_ERR_CONFIG_INVALID for a wrong option; FDC_ERR_INTERRUPTED when
 * `signal` aborts.
 */
export async function estimateManifest(
  inputs: string | readonly string[],
  options: EstimateOptions = {},
): Promise<ManifestEstimate> {
  const { sampleRows, sampleSeed } = stageSettings('run', {
    sampleRows: options.sampleRows,
    sampleSeed: options.sampleSeed,
  });
  const clock = options.fetch?.clock ?? systemClock;
  try {
    const { sampler, unfetchable, rows } = await sampleManifest(inputs, options, sampleRows, sampleSeed);
    const strata = makeStrata(sampler.groups(), sampleRows, sampler.limit);
    const estimate = await probeStrata(strata, options, { unfetchable, rows, seed: sampleSeed, clock });
    const disk = options.output === undefined ? undefined : await diskRoom(options.output, estimate);
    return { ...estimate, disk };
  } catch (error) {
    if (options.signal?.aborted !== true) throw error;
    throw new FlowDcError('FDC_ERR_INTERRUPTED', 'estimate was stopped; nothing was written', { cause: error });
  }
}

async function sampleManifest(
  inputs: string | readonly string[],
  { manifest = {}, fetch = {}, stdin, signal, onRows }: EstimateOptions,
  sampleRows: number,
  seed: number,
): Promise<SampledManifest> {
  const reader = readManifest(inputs, { ...manifest, stdin, signal, remote: { network: fetch, store: fetch.store } });
  // Twice as many as will be asked for: no stratum is short of its share but by a chance in millions.
  const sampler = new RowSampler(2 * sampleRows + 100, preciseRandom(seed));
  const unfetchable = new Map<RowCode, number>();
  let rows = 0;
  try {
    for await (const batch of reader as AsyncIterable<RecordBatch>) {
      const info = await reader.ready;
      const column = batch.schema.fields.findIndex(({ name }) => name === info.roles.url);
      for (const text of textColumn(batch.data.children[column] as Data)) {
        const url = text ?? '';
        const host = hostOf(url);
        const code = host === INVALID_HOST || isStored(url) ? codeOf(url, host, fetch.allowS3) : undefined;
        if (code !== undefined) unfetchable.set(code, (unfetchable.get(code) ?? 0) + 1);
        else sampler.add({ row: rows, url, host });
        rows += 1;
      }
      onRows?.(rows, info.rows);
    }
    return { sampler, unfetchable, rows };
  } finally {
    reader.destroy();
  }
}

/** As the fetch stage ends such rows; undefined where it asks a store for them. */
function codeOf(url: string, host: string, allowS3 = false): RowCode | undefined {
  if (allowS3 && isStored(url)) return host === INVALID_HOST ? 'invalid_url' : undefined;
  if (badRowReason(url) !== undefined) return 'bad_row';
  return unsupportedScheme(url) === undefined ? 'invalid_url' : 'unsupported_scheme';
}

async function probeStrata(
  strata: ReturnType<typeof makeStrata>,
  { fetch = {}, signal, onProbes }: EstimateOptions,
  known: {
    readonly unfetchable: ReadonlyMap<RowCode, number>;
    readonly rows: number;
    readonly seed: number;
    readonly clock: Clock;
  },
): Promise<ManifestEstimate> {
  const { paarc: paarcOptions = {}, signal: _signal, clock: _clock, random: _random, ...rest } = fetch;
  const {
    createLimit: _limit,
    hostProfiles: _profiles,
    spillFolder: _folder,
    bodyRelease: _release,
    store: _store,
    ...slice
  } = rest;
  const settings = stageSettings('fetch', slice);
  const sample = strata.flatMap((stratum) => stratum.sample);
  const startMs = known.clock.nowMs();
  const { outcomes, paces, asked, liars } = await probeRows(sample, {
    fetch,
    manners: settings,
    onDone: (done) => onProbes?.(done, sample.length),
    signal,
  });
  const { counts, ...found } = summarize(strata, outcomes, known.unfetchable);
  const isFixed = !settings.enablePaarc || settings.law === 'fixed';
  const hostConcurrency = isFixed ? settings.perHostConcurrency : stageSettings('paarc', paarcOptions).cInit;
  return {
    rows: known.rows,
    sample: { rows: outcomes.size, seed: known.seed, strata: strata.length, ...counts },
    ...found,
    probes: { ...asked, liars, elapsedMs: known.clock.nowMs() - startMs },
    time: projectedTime(strata, paces, found.bytes?.total, {
      hostConcurrency,
      concurrentDownloads: settings.concurrentDownloads,
    }),
  };
}

async function diskRoom(path: string, { bytes, fetched }: ManifestEstimate): Promise<DiskRoom | undefined> {
  const free = await freeBytes(path);
  if (free === undefined || bytes === undefined) return undefined;
  const neededBytes = Math.round(bytes.high + fetched.high * OVERHEAD_BYTES_PER_ROW);
  return { path, freeBytes: free, neededBytes, fits: neededBytes <= free };
}
