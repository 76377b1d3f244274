/** Records that were lost are made again from the stats objects of a dataset in a store. */
import { STATS_SUFFIX } from '../../dataset/stats-file.ts';
import { isStats, shardOfFile } from '../../dataset/unit-files.ts';
import { finalStore, type StoreArea } from '../../destination/store/store-layout.ts';
import type { UnitRecord } from '../../record.ts';
import { type Adoption, adoptRecords, recordOfStats, shardOf } from '../adopt-records.ts';
import type { LocalCommitter } from '../local-committer.ts';
import { nameOfKey } from './state-keys.ts';

/**
 * Make the missing records of a dataset from its stats objects, which are compared with the objects beside them by size
 * alone. One listing of the dataset, which has three objects or so per shard; memory: the shards without a record.
 * @param recorded - every record that there is
 * Errors: those of the store.
 */
export async function adoptFromStoredStats(
  area: StoreArea,
  committer: LocalCommitter,
  recorded: AsyncIterable<UnitRecord>,
): Promise<Adoption> {
  const store = finalStore(area, `x${STATS_SUFFIX}`);
  const shards = new Set<string>();
  for await (const { unit } of recorded) shards.add(shardOf(unit));
  const sizes = new Map<string, number>();
  // Names of shards begin with a digit, or with this, unlike everything else there.
  for (const start of [...'0123456789', 'data-'])
    for await (const { key, bytes } of store.list(start)) {
      const shard = shardOfFile(key);
      if (shard !== undefined && !shards.has(shard)) sizes.set(key, bytes);
    }
  const refused: { file: string; reason: string }[] = [];
  let adopted = 0;
  for (const name of [...sizes.keys()].filter((key) => isStats(key))) {
    const found = recordOfStats(name, (await store.read(name)) ?? new Uint8Array());
    const problem = typeof found === 'string' ? found : misfitOf(found, sizes);
    if (problem !== undefined) refused.push({ file: nameOfKey(store, name), reason: problem });
    else adopted += await adoptRecords(committer, [found as UnitRecord]);
  }
  return { adopted, refused };
}

function misfitOf({ artifacts }: UnitRecord, sizes: ReadonlyMap<string, number>): string | undefined {
  for (const { name, bytes } of artifacts) {
    const found = sizes.get(name);
    if (found !== bytes) return `${name} has ${found ?? 'no'} bytes, its record says ${bytes}`;
  }
  return undefined;
}
