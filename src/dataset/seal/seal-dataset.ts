/** Finish a dataset whose units are all committed. */
import type { Destination } from '../../destination/destination.ts';
import { METADATA_FILE } from '../../destination/folder-layout.ts';
import type { UnitRecord } from '../../record.ts';
import { datasetCard } from './dataset-card.ts';
import { looseMetadata } from './loose-metadata.ts';
import { overviewJson } from './overview.ts';
import type { SealInfo } from './seal-info.ts';
import { addRecord, emptyTotals, type SealedShard, type Totals } from './totals.ts';

/** The file whose presence says that every unit is committed. Written last. */
export const SUCCESS_FILE = '_SUCCESS';
/** What sealing may put beside the shards. */
export const SEAL_FILES: readonly string[] = ['overview.json', 'index.json', 'README.md', SUCCESS_FILE];

/**
 * Finish a dataset whose units are all committed: summaries, the index for random access, the card, and for loose files
 * the table that names them. Repeating it overwrites with the same content. Memory: about 100 bytes per shard, and one
 * unit.
 * @param records - every record once, in any order
 * Errors: those of the destination.
 */
export async function sealDataset(
  destination: Destination,
  records: AsyncIterable<UnitRecord>,
  info: SealInfo,
): Promise<Totals> {
  const totals = emptyTotals();
  const shards: SealedShard[] = [];
  for await (const record of records) shards.push(addRecord(totals, record));
  shards.sort((a, b) => (a.unit < b.unit ? -1 : 1));

  if (info.createOverview) await destination.putFile('overview.json', overviewJson(totals, info, destination.name));
  if (info.createTar) await destination.putFile('index.json', shardIndex(shards));
  else if (shards.length > 0) await destination.putFile(METADATA_FILE, looseMetadata(destination, shards));
  await destination.putFile(
    'README.md',
    datasetCard(totals, info, { name: destination.name, dataFiles: dataFiles(shards, info) }),
  );
  await destination.putFile(SUCCESS_FILE, '');
  return totals;
}

/** What a loader of the whole dataset should open. */
function dataFiles(shards: readonly SealedShard[], info: SealInfo): string {
  if (!info.createTar) return '**';
  return shards.some(({ container }) => container?.endsWith('.gz')) ? '*.tar.gz' : '*.tar';
}

/** webdataset's index for random access ("wids", version 1). Shards without samples are left out. */
function shardIndex(shards: readonly SealedShard[]): string {
  const filled = shards.filter((shard) => shard.stored > 0 && shard.container !== undefined);
  const shardlist = filled.map(({ container, stored, containerBytes }) => ({
    url: container,
    nsamples: stored,
    filesize: containerBytes,
  }));
  return `${JSON.stringify({ __kind__: 'wids-shard-index-v1', wids_version: 1, shardlist }, undefined, 1)}\n`;
}
