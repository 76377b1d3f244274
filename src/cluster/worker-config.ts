/** The job's settings and a worker's own, put together. */
import { combineConfig } from '../config/combine.ts';
import { resolveConfig } from '../config/resolve.ts';
import type { Slice } from '../config/schema/key.ts';
import { CONFIG_KEYS } from '../config/schema.ts';
import type { Config, ResolvedConfig } from '../config/types.ts';

/** What a job decides for all of its workers; everything else is each worker's own business. */
const OF_THE_JOB: ReadonlySet<Slice | undefined> = new Set(['manifest', 'partition', 'fetch', 'paarc', 'sink']);

/**
 * The configuration of one worker: the job's settings, over them what this worker was told (headers, limits, paths of
 * its own machine), and its own way to run.
 * Errors: FDC_ERR_CONFIG_INVALID, also for settings that a later version of the submitter knows and this one does not.
 */
export function workerConfig(settings: Readonly<Record<string, unknown>>, own: Config): ResolvedConfig {
  const ofJob = Object.entries(settings).filter(
    ([key]) => !CONFIG_KEYS.has(key) || OF_THE_JOB.has(CONFIG_KEYS.get(key)?.fdc.slice),
  );
  const { config } = combineConfig({ flags: { ...(Object.fromEntries(ofJob) as Config), ...own } });
  return resolveConfig(config, 'submit');
}

/** What a job's settings may hold: they are kept in the output and on the server, where others read them. */
export function withoutClusterKeys(config: Config): Config {
  const kept = Object.entries(config).filter(([key]) => CONFIG_KEYS.get(key)?.fdc.slice !== 'cluster');
  return Object.fromEntries(kept) as Config;
}
