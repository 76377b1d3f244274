/** The manifest of a job, as a run sees it. */
import type { ManifestInfo } from '../stages/manifest/manifest-info.ts';
import type { ManifestReader } from '../stages/manifest/manifest-reader.ts';
import type { PartitionByHostOptions } from '../stages/partition/partition-by-host.ts';
import type { InputMemory } from './input-memory.ts';
import type { InputWarnings } from './input-warnings.ts';

export interface JobInput {
  readonly info: ManifestInfo;
  readonly warnings: InputWarnings;
  /** How its rows are cut into units: as the settings say, and where earlier runs cut them. Known once adopted. */
  cutting(): PartitionByHostOptions;
  /** Units were decided in earlier runs: a cut by time now could contradict them. */
  stopLingering(): void;
  /** The job is ours now: from here on, what a resume will need is kept. */
  adopt(memory: InputMemory): Promise<void>;
  /**
   * The rows, after `adopt` if there is a job. Once, and again where the input is no pipe or was kept whole.
   * @param columns - read only these and the URLs where that is faster
   */
  readonly read: (columns?: readonly string[]) => ManifestReader;
  /** sha256 of all of an input, lower-case hex. Errors: those of readManifest. */
  contentOf(name: string): Promise<string>;
  /** Every row was read. */
  finish(): Promise<void>;
  /** Remove what was not adopted. Idempotent. */
  close(): Promise<void>;
}

/** How rows are cut, without where and when. */
export function cuttingOf({
  shardSize,
  groupBy,
  mix,
  mixSeed,
}: Pick<PartitionByHostOptions, 'shardSize' | 'groupBy' | 'mix' | 'mixSeed'>): PartitionByHostOptions {
  return { shardSize, groupBy, mix, mixSeed };
}
