/** The stage: every stored sample as a file label/name.ext. */
import { systemClock } from '../../clock.ts';
import { stageSettings } from '../../config/stage-settings.ts';
import { sampleNames } from '../../dataset/naming/sample-names.ts';
import { publisher } from '../../dataset/published.ts';
import type { Destination } from '../../destination/destination.ts';
import { FolderDestination } from '../../destination/folder-destination.ts';
import { FILE_LIST_SUFFIX } from '../../destination/hashed-file.ts';
import { removedUrlsOf } from '../../job/removed-urls.ts';
import { readRoles } from '../../unit-rows.ts';
import { type DatasetLayout, openDatasetWriter } from './dataset-writer.ts';
import { openFileContainer } from './open-container.ts';
import { createSink, type Sink } from './sink.ts';
import { type DatasetSinkOptions, defaultCommitter, nameTemplate, sinkOptions } from './tar-sink.ts';

/**
 * Write every stored sample as a file `label/name.ext`. A unit's files appear together, when it commits; its outcome
 * table and stats are kept in the state folder beside the output, because loaders take every folder for a class.
 * @param destination - a local folder's path, or a destination with the `files` layout
 * Errors at construction: FDC_ERR_CONFIG_INVALID. While writing: see createSink.
 */
export function folderSink(destination: string | Destination, options: DatasetSinkOptions = {}): Sink {
  const { committer, worker, clock = systemClock, maxUnitErrors, keepsUnfinished, early: _, ...given } = options;
  const settings = stageSettings('sink', { ...given, createTar: false });
  const target =
    typeof destination === 'string' ? new FolderDestination(destination, { layout: 'files' }) : destination;
  const template = nameTemplate(settings);
  const publish = publisher(settings);
  const layout: DatasetLayout = {
    destination: target,
    committer: committer ?? defaultCommitter(target),
    worker: worker ?? 'local',
    clock,
    keepsUnfinished,
    publish,
    removed: removedUrlsOf(target),
    names: (rows, unit) => {
      const foreignNames = template !== undefined || readRoles(unit.batch.schema).key !== undefined;
      const rules = { layout: 'imagefolder', template, nullLabel: settings.nullLabel, publish } as const;
      return sampleNames(rows, unit.shard, { ...rules, appendPosition: foreignNames && !settings.trustNames });
    },
    openContainer: (staging, unit, events) =>
      openFileContainer(staging, `${unit.shard}${FILE_LIST_SUFFIX}`, events, clock),
    imageName: () => settings.imageName,
  };
  return createSink(
    { openGathering: (unit, events) => openDatasetWriter(unit, layout, events) },
    sinkOptions(target, clock, maxUnitErrors),
  );
}
