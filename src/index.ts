/** The public surface. Everything named here is API; everything else may change between minor versions. */

export { type Clock, systemClock } from './clock.ts';
export { loadConfigFile } from './config/load.ts';
export { resolveConfig } from './config/resolve.ts';
export type {
  Config,
  FetchOptions,
  ManifestOptions,
  PaarcOptions,
  PartitionOptions,
  ResolvedConfig,
  SinkOptions,
} from './config/types.ts';
export type { RecordTotals } from './dataset/totals.ts';
export { FINDINGS, type Finding } from './dataset/verify/findings.ts';
export { type VerifyOptions, verifyDataset } from './dataset/verify/verify-dataset.ts';
export type { Destination, StagedFile, Staging } from './destination/destination.ts';
export { FolderDestination } from './destination/folder-destination.ts';
export { NoneDestination } from './destination/none-destination.ts';
export { StoreDestination, type StoreDestinationOptions } from './destination/store/store-destination.ts';
export { ERROR_CODES, type ErrorCode, FlowDcError, isFlowDcError } from './errors.ts';
export type { ManifestEstimate } from './estimate/estimate.ts';
export { type EstimateOptions, estimateManifest } from './estimate/estimate-manifest.ts';
export { HostCensus, type HostCount, INVALID_HOST_ID } from './host/host-census.ts';
export { registrableDomain } from './host/host-groups.ts';
export type { HostLimits } from './host-limits.ts';
export { type InspectOptions, inspectManifest } from './inspect/inspect-manifest.ts';
export type { ManifestInspection, ManifestWarning, ManifestWarningCode } from './inspect/inspection.ts';
export type { JobSummary } from './job/job-summary.ts';
export { createLocalCommitter, type LocalCommitter } from './job/local-committer.ts';
export { createStoreCommitter } from './job/store/store-committer.ts';
export type { RunSpan } from './job/timeline.ts';
export { FixedLimit, type Limit, type Load, type Outcome, type Transition } from './paarc/limit.ts';
export type {
  AnnouncedBody,
  Artifact,
  ColumnRoles,
  Committer,
  FetchResult,
  OpenUnit,
  RowResult,
  RowStatus,
  SpilledBody,
  Unit,
  UnitId,
  UnitRecord,
  UnitRow,
} from './record.ts';
export { reportHtml } from './report/html/report-html.ts';
export type { Report } from './report/report.ts';
export { type ReportOptions, reportDataset } from './report/report-dataset.ts';
export type { Quantiles } from './report/row-counts.ts';
export type { HostLine } from './report/tally.ts';
export { isTransient, ROW_CODES, type RowCode } from './row-codes.ts';
export { type RunJobOptions, runJob } from './run/run-job.ts';
export { partitionManifest } from './split/partition-manifest.ts';
export type { PartitionManifestOptions } from './split/partition-options.ts';
export type { Partition, PartitionSummary } from './split/two-passes.ts';
export { publishUnits, takeDeliveries } from './stages/distribute/distribute.ts';
export { type FetchRowsOptions, fetchRows, type RowRequest } from './stages/fetch/fetch-rows.ts';
export { fetchUnits } from './stages/fetch/fetch-units.ts';
export { type HostProfile, HostProfiles } from './stages/fetch/schedule/host-profiles.ts';
export type { FetchStageOptions } from './stages/fetch/settings.ts';
export type { ManifestInfo } from './stages/manifest/manifest-info.ts';
export { readManifest, readManifestInfo } from './stages/manifest/read-manifest.ts';
export { partitionByHost } from './stages/partition/partition-by-host.ts';
export type { CustomSink, UnitWriter } from './stages/sink/custom-sink.ts';
export { folderSink } from './stages/sink/folder-sink.ts';
export {
  type CreateSinkOptions,
  createSink,
  type Sink,
  type SinkStats,
} from './stages/sink/sink.ts';
export { type DatasetSinkOptions, tarSink } from './stages/sink/tar-sink.ts';
export type { ObjectStore } from './store/object-store.ts';
export { openObjectStore } from './store/s3/open-object-store.ts';
export type { S3Settings } from './store/s3/settings.ts';
export { CHANNEL_NAMES, type ChannelName, type ChannelPayloads } from './telemetry/channels.ts';
export { observeOpenTelemetry } from './telemetry/open-telemetry.ts';
export { createInProcessChannel, type InProcessOptions } from './transport/in-process/in-process-transport.ts';
export type { Delivery, JobChannel, JobState, JobStatus } from './transport/transport.ts';
export { VERSION } from './version.ts';
