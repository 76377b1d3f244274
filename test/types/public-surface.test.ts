/** The types of the public surface. `tsc` is what judges here: a wrong one fails `npm run check`, not this run. */
import type { Duplex, Readable, Writable } from 'node:stream';
import { describe, expectTypeOf, it } from 'vitest';
import {
  CHANNEL_NAMES,
  type ChannelName,
  type ChannelPayloads,
  type Committer,
  type Config,
  type CreateSinkOptions,
  createInProcessChannel,
  createLocalCommitter,
  createSink,
  type DatasetSinkOptions,
  type Destination,
  type ErrorCode,
  type EstimateOptions,
  estimateManifest,
  type FetchResult,
  type FetchRowsOptions,
  type FetchStageOptions,
  type Finding,
  type FixedLimit,
  type FolderDestination,
  fetchRows,
  fetchUnits,
  folderSink,
  type InspectOptions,
  inspectManifest,
  isFlowDcError,
  type JobChannel,
  type JobSummary,
  type Limit,
  loadConfigFile,
  type ManifestEstimate,
  type ManifestInfo,
  type ManifestInspection,
  type NoneDestination,
  type OpenUnit,
  type PartitionManifestOptions,
  type PartitionSummary,
  partitionByHost,
  partitionManifest,
  publishUnits,
  type Report,
  type ReportOptions,
  type ResolvedConfig,
  type RowCode,
  type RowResult,
  type RowStatus,
  type RunJobOptions,
  readManifest,
  readManifestInfo,
  reportDataset,
  reportHtml,
  resolveConfig,
  runJob,
  type SpilledBody,
  takeDeliveries,
  tarSink,
  type UnitRow,
  type VerifyOptions,
  verifyDataset,
} from '../../src/index.ts';

interface Photo {
  readonly id: number;
  readonly photo: string;
}

/** Options that are left out with `undefined` only by leaving out the key: there should be none. */
type RefusesUndefined<Options> = {
  [Key in keyof Options]-?: object extends Pick<Options, Key>
    ? { [One in Key]: undefined } extends Pick<Options, Key>
      ? never
      : Key
    : never;
}[keyof Options];

describe('the stages', () => {
  it('are Node streams, so that anything can stand between two of them', () => {
    expectTypeOf(readManifest).returns.toExtend<Readable>();
    expectTypeOf(partitionByHost).returns.toExtend<Duplex>();
    expectTypeOf(fetchUnits).returns.toExtend<Duplex>();
    expectTypeOf(takeDeliveries).returns.toExtend<Readable>();
    expectTypeOf(publishUnits).returns.toExtend<Writable>();
    expectTypeOf(tarSink).returns.toExtend<Writable>();
    expectTypeOf(folderSink).returns.toExtend<Writable>();
    expectTypeOf(createSink).returns.toExtend<Writable>();
  });

  it('can be built without options, but for where rows come from and go to', () => {
    expectTypeOf(fetchUnits).toBeCallableWith();
    expectTypeOf(partitionByHost).toBeCallableWith();
    expectTypeOf(readManifest).toBeCallableWith('photos.parquet');
    expectTypeOf(readManifest).toBeCallableWith(['one.csv', 'two.csv']);
    expectTypeOf(tarSink).toBeCallableWith('dataset');
  });

  it('take undefined for an option that is not wanted', () => {
    expectTypeOf<RefusesUndefined<FetchStageOptions>>().toBeNever();
    expectTypeOf<RefusesUndefined<FetchRowsOptions<Photo>>>().toBeNever();
    expectTypeOf<RefusesUndefined<CreateSinkOptions>>().toBeNever();
    expectTypeOf<RefusesUndefined<DatasetSinkOptions>>().toBeNever();
  });
});

describe('the functions that look and run', () => {
  it('take undefined for an option that is not wanted', () => {
    expectTypeOf<RefusesUndefined<Config>>().toBeNever();
    expectTypeOf<RefusesUndefined<RunJobOptions>>().toBeNever();
    expectTypeOf<RefusesUndefined<InspectOptions>>().toBeNever();
    expectTypeOf<RefusesUndefined<EstimateOptions>>().toBeNever();
    expectTypeOf<RefusesUndefined<PartitionManifestOptions>>().toBeNever();
    expectTypeOf<RefusesUndefined<ReportOptions>>().toBeNever();
    expectTypeOf<RefusesUndefined<VerifyOptions>>().toBeNever();
  });
});

describe('fetchRows', () => {
  it('hands each row to the functions of its caller as the type that the caller has', () => {
    type Options = FetchRowsOptions<Photo>;
    expectTypeOf<Options['url']>().parameters.toEqualTypeOf<[Photo]>();
    expectTypeOf<NonNullable<Options['request']>>().parameters.toEqualTypeOf<[Photo]>();
    expectTypeOf(fetchRows<Photo>).toBeCallableWith({ url: ({ photo }) => photo });
  });

  it('needs to be told where the URL of a row is', () => {
    // @ts-expect-error: no url
    expectTypeOf(fetchRows<Photo>).toBeCallableWith({});
  });
});

describe('a result', () => {
  it('has the row as it came in, and a body in memory or in a file', () => {
    expectTypeOf<RowResult<Photo>['row']>().toEqualTypeOf<Photo>();
    expectTypeOf<RowResult<Photo>['body']>().toEqualTypeOf<Buffer | SpilledBody | undefined>();
    expectTypeOf<RowResult<Photo>['status']>().toEqualTypeOf<RowStatus>();
    expectTypeOf<RowStatus>().toEqualTypeOf<'fetched' | 'failed' | 'skipped'>();
  });

  it('of a unit is a result of its row, and says which unit it belongs to', () => {
    expectTypeOf<FetchResult>().toExtend<RowResult<UnitRow>>();
    expectTypeOf<FetchResult['unit']>().toEqualTypeOf<OpenUnit>();
  });

  it('cannot be changed', () => {
    expectTypeOf<Pick<RowResult<Photo>, 'bytes'>>().toEqualTypeOf<{ readonly bytes: number }>();
  });

  it('has a code that is one of the table or an HTTP status, and nothing else', () => {
    expectTypeOf<'timeout_body'>().toExtend<RowCode>();
    expectTypeOf<'http_404'>().toExtend<RowCode>();
    expectTypeOf<'http_gone'>().not.toExtend<RowCode>();
    expectTypeOf<'nonsense'>().not.toExtend<RowCode>();
  });
});

describe('a job', () => {
  it('is run from a resolved configuration and resolves with its summary', () => {
    expectTypeOf(resolveConfig).returns.toEqualTypeOf<ResolvedConfig>();
    expectTypeOf(runJob).parameter(0).toEqualTypeOf<ResolvedConfig>();
    expectTypeOf(runJob).returns.resolves.toEqualTypeOf<JobSummary>();
    expectTypeOf<Config>().not.toExtend<ResolvedConfig>();
  });

  it('can be configured by a file, whose keys are those of the configuration', () => {
    expectTypeOf(loadConfigFile).returns.resolves.toHaveProperty('config').toEqualTypeOf<Config>();
  });
});

describe('looking at manifests and datasets', () => {
  it('takes one path or several', () => {
    for (const look of [inspectManifest, readManifestInfo, estimateManifest, reportDataset] as const) {
      expectTypeOf(look).toBeCallableWith('one');
      expectTypeOf(look).toBeCallableWith(['one', 'two'] as const);
    }
  });

  it('resolves with what was found', () => {
    expectTypeOf(readManifestInfo).returns.resolves.toEqualTypeOf<ManifestInfo>();
    expectTypeOf(inspectManifest).returns.resolves.toEqualTypeOf<ManifestInspection>();
    expectTypeOf(estimateManifest).returns.resolves.toEqualTypeOf<ManifestEstimate>();
    expectTypeOf(reportDataset).returns.resolves.toEqualTypeOf<Report>();
    expectTypeOf(reportHtml).returns.resolves.toEqualTypeOf<string>();
    expectTypeOf(verifyDataset).returns.resolves.toEqualTypeOf<Finding[]>();
    expectTypeOf(partitionManifest).returns.resolves.toEqualTypeOf<PartitionSummary>();
  });
});

describe('what can be replaced by something of your own', () => {
  it('has a type that ours are of: destination, committer, limit and channel', () => {
    expectTypeOf<FolderDestination>().toExtend<Destination>();
    expectTypeOf<NoneDestination>().toExtend<Destination>();
    expectTypeOf(createLocalCommitter).returns.toExtend<Committer>();
    expectTypeOf<FixedLimit>().toExtend<Limit>();
    expectTypeOf(createInProcessChannel).returns.toExtend<JobChannel>();
    expectTypeOf(publishUnits).parameter(0).toEqualTypeOf<Pick<JobChannel, 'publish' | 'seal'>>();
  });

  it('has a payload for every channel that can be subscribed to', () => {
    expectTypeOf<keyof ChannelPayloads>().toEqualTypeOf<ChannelName>();
    expectTypeOf(CHANNEL_NAMES).toEqualTypeOf<readonly ChannelName[]>();
  });
});

describe('an error', () => {
  it('is recognised from unknown, and then has one of the codes', () => {
    const error: unknown = new Error('anything');
    if (isFlowDcError(error)) expectTypeOf(error.code).toEqualTypeOf<ErrorCode>();
  });
});
