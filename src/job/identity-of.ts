/** The identity of the job that a configuration and a manifest make. */
import type { ResolvedConfig } from '../config/types.ts';
import type { ColumnRoles } from '../record.ts';
import { type InputIdentity, JOB_FORMAT_VERSION, type JobIdentity } from './identity.ts';

/** What identity needs to know of a manifest. */
export interface IdentifiedManifest {
  readonly roles: ColumnRoles;
  readonly files: readonly InputIdentity[];
}

/** The identity of the job that a configuration and a manifest make: all that decides which row ends up where. */
export function identityOf(
  { manifest: input, partition, fetch, sink }: ResolvedConfig,
  manifest: IdentifiedManifest,
): JobIdentity {
  return {
    formatVersion: JOB_FORMAT_VERSION,
    inputs: manifest.files.map(({ name, bytes, hash }) => ({ name, bytes, hash })),
    columns: manifest.roles,
    ...(input.limitRows === undefined ? {} : { limitRows: input.limitRows }),
    shardSize: partition.shardSize,
    groupBy: partition.groupBy,
    outputFormat: sink.outputFormat,
    createTar: sink.createTar,
    compressTar: sink.compressTar,
    namingMode: sink.namingMode,
    ...(sink.namingMode === 'url_based' ? { fileNamePattern: sink.fileNamePattern } : {}),
    imageName: sink.imageName,
    nullLabel: sink.nullLabel,
    trustNames: sink.trustNames,
    hash: fetch.hash,
  };
}
