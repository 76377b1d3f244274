/** The stage: every unit as one shard, a tar archive or a parquet file, with outcome table and stats. */
import { type Clock, systemClock } from '../../clock.ts';
import { stageSettings } from '../../config/stage-settings.ts';
import type { SinkOptions, SinkSettings } from '../../config/types.ts';
import { classesOf } from '../../dataset/class-numbers.ts';
import { img2datasetJsonWriter } from '../../dataset/img2dataset-sample.ts';
import { img2datasetKey } from '../../dataset/img2dataset-words.ts';
import { type NameTemplate, parseNameTemplate } from '../../dataset/naming/name-template.ts';
import { sampleNames } from '../../dataset/naming/sample-names.ts';
import { type Publish, publisher } from '../../dataset/published.ts';
import { sampleJsonWriter } from '../../dataset/sample-json.ts';
import { namesOfUnit } from '../../dataset/unit-files.ts';
import type { Destination } from '../../destination/destination.ts';
import { FolderDestination } from '../../destination/folder-destination.ts';
import { FlowDcError } from '../../errors.ts';
import { createLocalCommitter } from '../../job/local-committer.ts';
import { removedUrlsOf } from '../../job/removed-urls.ts';
import type { Committer, OpenUnit, UnitRow } from '../../record.ts';
import { readRoles } from '../../unit-rows.ts';
import { type DatasetLayout, openDatasetWriter } from './dataset-writer.ts';
import { EarlyBytes } from './early-bytes.ts';
import { openParquetContainer, openTarContainer } from './open-container.ts';
import { createSink, type Sink } from './sink.ts';
import type { TarShardOptions } from './tar-shard.ts';
import { sampleTime } from './tar-time.ts';

export interface DatasetSinkOptions extends SinkOptions {
  /**
   * Decides units. Default: records in the destination's state folder; required for a destination that is not a folder.
   */
  readonly committer?: Committer | undefined;
  /** Who commits, for records and logs. Default: 'local'. */
  readonly worker?: string | undefined;
  readonly clock?: Clock | undefined;
  /**
   * Put aside what was written of units that the input leaves half done, for a fetch stage with `kept`. Default: drop
   * it.
   */
  readonly keepsUnfinished?: boolean | undefined;
  /** Memory for samples that wait for others to be written before them. Default: 32 MiB. */
  readonly early?: EarlyBytes | undefined;
  /** See CreateSinkOptions. */
  readonly maxUnitErrors?: number | undefined;
}

/**
 * Write every unit as one tar shard with its outcome table and stats, each committed exactly once.
 * @param destination - a local folder's path, or any destination together with a committer
 * Without `outputFormat` it is imagefolder when the manifest has a label column, else webdataset.
 * Errors at construction: FDC_ERR_CONFIG_INVALID. While writing: see createSink.
 */
export function tarSink(destination: string | Destination, options: DatasetSinkOptions = {}): Sink {
  const { committer, worker, clock = systemClock, maxUnitErrors, keepsUnfinished, early: memory, ...given } = options;
  const early = memory ?? new EarlyBytes();
  const settings = stageSettings('sink', given);
  if (!settings.createTar) throw misuse('createTar is false: use folderSink for loose files');
  const target = typeof destination === 'string' ? new FolderDestination(destination) : destination;
  const template = nameTemplate(settings);
  const formats = new UnitFormats(given);
  const publish = publisher(settings);
  const layout: DatasetLayout = {
    destination: target,
    committer: committer ?? defaultCommitter(target),
    worker: worker ?? 'local',
    clock,
    keepsUnfinished,
    publish,
    removed: removedUrlsOf(target),
    compat: settings.compat,
    energon: settings.energon,
    names: (rows: readonly UnitRow[], unit) => {
      if (settings.compat !== undefined) return rows.map(({ index }) => img2datasetKey(unit.shard, index));
      const { outputFormat, nullLabel } = formats.of(unit);
      return sampleNames(rows, unit.shard, {
        layout: outputFormat,
        template,
        nullLabel,
        publish,
        appendPosition: false,
      });
    },
    openContainer: (staging, unit, events) => {
      const order = { rows: unit.rows, early, spillFolder: target.spillFolder };
      if (settings.outputFormat === 'parquet')
        return openParquetContainer(staging, unit, settings, publish, order, events, clock);
      const options = {
        name: `${namesOfUnit(unit.shard, settings.compat).tar}${settings.compressTar ? '.gz' : ''}`,
        compress: settings.compressTar,
        offsets: settings.energon,
        ...order,
        ...membersOf(unit, formats.of(unit), publish),
      };
      return openTarContainer(staging, options, events, clock);
    },
    imageName: (unit) => formats.of(unit).imageName,
  };
  return createSink(
    { openGathering: (unit, events) => openDatasetWriter(unit, layout, events) },
    sinkOptions(target, layout.clock, maxUnitErrors),
  );
}

/**
 * The settings that hold for a unit: some follow from whether its manifest has labels, the same for all units of a job.
 */
export class UnitFormats {
  readonly #given: SinkOptions;
  readonly #settings = new Map<boolean, SinkSettings>();

  constructor(given: SinkOptions) {
    this.#given = given;
  }

  of(unit: OpenUnit): SinkSettings {
    const labelled = readRoles(unit.batch.schema).label !== undefined;
    let settings = this.#settings.get(labelled);
    if (settings === undefined) {
      const outputFormat =
        this.#given.outputFormat ?? (labelled && this.#given.compat === undefined ? 'imagefolder' : 'webdataset');
      settings = stageSettings('sink', { ...this.#given, outputFormat });
      this.#settings.set(labelled, settings);
    }
    return settings;
  }
}

/** What a sample has besides its body. */
export function membersOf(
  { shard, batch }: OpenUnit,
  { outputFormat, compat, cls, mtime }: SinkSettings,
  publish: Publish,
): TarShardOptions {
  const time = sampleTime(mtime);
  if (outputFormat !== 'webdataset') return { time };
  const hasCaptions = readRoles(batch.schema).caption !== undefined;
  const classes = cls ? classesOf(batch) : undefined;
  const json = compat === undefined ? sampleJsonWriter(batch, publish) : img2datasetJsonWriter(shard, batch, publish);
  return { time, json, classes, caption: hasCaptions ? publish : undefined, captionLast: compat !== undefined };
}

/** The compiled `fileNamePattern` when names come from URLs. Errors: FDC_ERR_CONFIG_INVALID. */
export function nameTemplate(settings: SinkSettings): NameTemplate | undefined {
  return settings.namingMode === 'url_based' ? parseNameTemplate(settings.fileNamePattern) : undefined;
}

/** Records beside the data. Errors: FDC_ERR_CONFIG_INVALID when the destination is not a folder. */
export function defaultCommitter(destination: Destination): Committer {
  if (destination instanceof FolderDestination) return createLocalCommitter(destination.stateFolder);
  throw misuse(`a committer is needed with the destination ${destination.name}`);
}

/** Options of createSink without those that are undefined. */
export function sinkOptions(
  destination: Destination,
  clock: Clock,
  maxUnitErrors: number | undefined,
): Parameters<typeof createSink>[1] {
  return { name: destination.name, clock, maxUnitErrors, commitsAtOnce: destination.commitsAtOnce };
}

function misuse(message: string): FlowDcError {
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
}
