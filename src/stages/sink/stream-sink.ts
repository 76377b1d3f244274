/** The stage: every stored sample into one tar stream, as it settles, and the account of all rows at the end of it. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../clock.ts';
import { stageSettings } from '../../config/stage-settings.ts';
import { sampleNames } from '../../dataset/naming/sample-names.ts';
import { OutcomeFile } from '../../dataset/outcome-file.ts';
import { publisher } from '../../dataset/published.ts';
import type { StreamDestination } from '../../destination/stream-destination.ts';
import type { OpenUnit, UnitId } from '../../record.ts';
import { decodeRows, readRoles } from '../../unit-rows.ts';
import type { GatheringSink } from './custom-sink.ts';
import { createSink, type Sink } from './sink.ts';
import { newAccount, type StreamSurroundings, StreamWriter, type UnitAccount } from './stream-writer.ts';
import { type DatasetSinkOptions, membersOf, nameTemplate, sinkOptions, UnitFormats } from './tar-sink.ts';
import { TarStream } from './tar-stream.ts';

/** The table in the stream. Readers of webdatasets pass over names that begin with a dot. */
const STREAM_TABLE = '.outcomes.parquet';

/**
 * Write every stored sample into one tar archive on a stream: whole samples, those of all open units among each other.
 * The outcome table of the whole job goes into a file, or is the archive's last entry. What is written cannot be taken
 * back, so a row that is in the stream is not written again when its unit is delivered once more.
 * Errors at construction: FDC_ERR_CONFIG_INVALID. While writing: see createSink; each of the stream's ends the sink.
 */
export function streamSink(destination: StreamDestination, options: DatasetSinkOptions = {}): Sink {
  const { committer, worker = 'local', clock = systemClock, maxUnitErrors, ...rest } = options;
  const { keepsUnfinished: _, early: __, ...given } = rest;
  const settings = stageSettings('sink', given);
  const template = nameTemplate(settings);
  const formats = new UnitFormats(given);
  const publish = publisher(settings);
  const stream = new TarStream(destination, settings.compressTar, clock);
  const table = new OutcomeFile(destination.outcomes ?? join(destination.folder, 'outcomes.parquet'));
  const around: StreamSurroundings = { stream, table, committer, worker, clock, publish };
  const accounts = new Map<UnitId, UnitAccount>();
  const accountOf = (unit: OpenUnit): UnitAccount => {
    const rows = decodeRows({ shard: unit.shard, rows: unit.batch });
    const format = formats.of(unit);
    const { outputFormat, nullLabel, imageName } = format;
    // One archive is like one folder: what a URL or a key column says may come again in another unit.
    const foreignNames = template !== undefined || readRoles(unit.batch.schema).key !== undefined;
    const appendPosition = foreignNames && !settings.trustNames;
    const names = sampleNames(rows, unit.shard, { layout: outputFormat, template, nullLabel, publish, appendPosition });
    return newAccount(rows, { names, members: membersOf(unit, format, publish), imageName });
  };
  const sink: GatheringSink = {
    async openGathering(unit, events) {
      const account = accounts.get(unit.id) ?? accountOf(unit);
      accounts.set(unit.id, account);
      return new StreamWriter(unit, account, events, around, () => void accounts.delete(unit.id));
    },
    async finish() {
      await table.close();
      const isEntry = destination.outcomes === undefined && table.isBegun;
      if (!isEntry) return stream.close();
      const { size: bytes } = await stat(table.path);
      await stream.close(STREAM_TABLE, { path: table.path, bytes });
    },
    close(error) {
      table.abandon();
      stream.abandon(error);
      destination.close(error);
    },
  };
  return createSink(sink, sinkOptions(destination, clock, maxUnitErrors));
}
