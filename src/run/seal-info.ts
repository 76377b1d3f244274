/** What a finished dataset says about how it came to be. */
import { basename } from 'node:path';
import { resolvedKeys } from '../config/resolve.ts';
import { CONFIG_KEYS } from '../config/schema.ts';
import type { ResolvedConfig } from '../config/types.ts';
import type { SealInfo } from '../dataset/seal/overview.ts';
import { count } from '../format.ts';
import { schemeOf, shownUrl } from '../host/remote-url.ts';
import type { ManifestPart } from '../job/extensions.ts';
import type { JobFile } from '../job/job-file.ts';
import type { JobSummary } from '../job/job-summary.ts';
import { workedMs } from '../job/timeline.ts';
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import { VERSION } from '../version.ts';
import type { InputWarnings } from './input-warnings.ts';
import type { Beginning } from './run-place.ts';

/** Keys that may hold credentials: never part of a dataset that others read. */
const PRIVATE_KEYS = ['header', 'hosts', 'contact', 'log_file', 's3_profile', 'proxy'];

/** How machines met says nothing about the data, and something about the machines. */
function isOfCluster(key: string): boolean {
  return CONFIG_KEYS.get(key)?.fdc.slice === 'cluster';
}

/** What a finished dataset says about how it came to be. */
export function sealInfo(
  config: ResolvedConfig,
  input: {
    readonly info: Pick<ManifestInfo, 'schema' | 'classes'>;
    readonly warnings: Pick<InputWarnings, 'all'>;
  },
  job: JobFile,
  summary: Pick<JobSummary, 'runs' | 'before'>,
  nowMs: number,
  { past, beginnings }: Pick<Beginning, 'past' | 'beginnings'> = {},
): SealInfo {
  const settings = Object.entries(resolvedKeys(config)).filter(
    ([key]) => !PRIVATE_KEYS.includes(key) && !isOfCluster(key),
  );
  const parts = past?.parts ?? [];
  const notes = [...input.warnings.all, ...parts.flatMap(partNotes)];
  if (config.fetch.insecure) notes.push('TLS certificates were not checked (insecure).');
  if (config.fetch.connectTo.length > 0)
    notes.push(`Connections were redirected (connect_to ${config.fetch.connectTo.join(', ')}).`);
  if (config.fetch.robotsTags.length === 0) notes.push('X-Robots-Tag replies were not honoured.');
  return {
    version: VERSION,
    outputFormat: config.sink.outputFormat,
    createTar: config.sink.createTar,
    compat: config.sink.compat,
    energon: config.sink.energon,
    compressTar: config.sink.compressTar,
    imageExtensions: config.sink.imageName === 'content' ? ['jpg', 'png', 'webp', 'gif'] : ['jpg'],
    schema: input.info.schema,
    cls: config.sink.cls,
    classes: input.info.classes ?? [],
    nullLabel: config.sink.nullLabel,
    createOverview: config.sink.createOverview,
    inputs: [...parts.slice(0, -1).flatMap((part) => part.identity), ...job.identity.inputs].map(
      ({ name, bytes, hash }) => ({
        name,
        identity: `${bytes} bytes, sha256 of size and footer or first MiB ${hash.slice(0, 16)}`,
      }),
    ),
    settings: Object.fromEntries(settings.map(([key, value]) => [key, published(value)])),
    startedAtMs: job.createdAtMs,
    sealedAtMs: nowMs,
    elapsedMs: workedMs(summary.runs),
    interrupted: beginnings?.interrupted ?? summary.before.rows > 0,
    notes,
  };
}

function partNotes({ identity, rows, manifestRows, known }: ManifestPart): string[] {
  if (known === undefined) return [];
  const names = identity.map(({ name }) => (schemeOf(name) === undefined ? basename(name) : shownUrl(name))).join(', ');
  const removed = known.removed ? `${count(known.removed)} had been removed, ` : '';
  const tried = `${removed}${count(known.notFetched)} had been tried in vain`;
  const there = `${count(known.fetched)} were there (already_stored), ${tried}`;
  return [`Rows were added from ${names}: of ${count(manifestRows)} rows ${there}, ${count(rows)} were new.`];
}

/** Inputs and servers that are URLs may be signed. */
function published(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(published);
  return typeof value === 'string' && schemeOf(value) !== undefined ? shownUrl(value) : value;
}
