/** Where samples are taken out of a dataset in an object store. */
import { createHash } from 'node:crypto';
import { systemClock } from '../../clock.ts';
import { StoreFiles } from '../../dataset/files/store-files.ts';
import { destinationError } from '../../destination/destination.ts';
import { FILE_LIST_SUFFIX } from '../../destination/hashed-file.ts';
import { rollForwardObjects } from '../../destination/store/roll-forward.ts';
import { LOOSE_AT_ONCE } from '../../destination/store/store-destination.ts';
import { finalStore, type StoreArea, stagingPrefix } from '../../destination/store/store-layout.ts';
import { removeBelow } from '../../destination/store/store-staging.ts';
import type { Artifact, UnitId } from '../../record.ts';
import { Semaphore } from '../../structures/semaphore.ts';
import { REMOVAL_FILE } from '../removal-mark.ts';
import type { RemovalPlace, RemovalStage } from '../removal-place.ts';
import { createStoreCommitter, recordKey } from './store-committer.ts';
import { storeState } from './store-state.ts';

/** Keys of one request. */
const BATCH = 1000;

/** @param mayDecide - asked before a record is replaced; rejects when this process may not any more */
export function storeRemoval(area: StoreArea, mayDecide: () => Promise<void>): RemovalPlace {
  const { output, state, layout } = area;
  const loose = new Semaphore(LOOSE_AT_ONCE);
  return {
    files: new StoreFiles(output, layout),
    state: storeState(area),
    decided: createStoreCommitter(state),
    kept: undefined,
    stage: (unit, token) => stageIn(area, unit, token),
    async dropLoose(paths) {
      const keys = [...paths];
      for (let at = 0; at < keys.length; at += BATCH) await output.remove(keys.slice(at, at + BATCH));
    },
    async replace(record) {
      await mayDecide();
      await state.put(recordKey(record.unit), `${JSON.stringify(record)}\n`);
    },
    // What lies there may be as long as what takes its place, so nothing is taken to be there already.
    rollForward: (record) => rollForwardObjects(record, { area, clock: systemClock, loose }),
    removeMark: () => state.remove([REMOVAL_FILE]),
    error: (cause) => destinationError(cause, output.name),
  };
}

/** Uploads on the final keys, and lists of loose files below the attempt's prefix, as those of a fetched unit are. */
async function stageIn(area: StoreArea, unit: UnitId, token: string): Promise<RemovalStage> {
  const prefix = stagingPrefix(unit, token);
  await removeBelow(area.state, prefix);
  return {
    put: (name, chunks) =>
      name.endsWith(FILE_LIST_SUFFIX) ? putList(area, prefix, name, chunks) : upload(area, name, chunks),
    // What a store has confirmed lasts.
    async sync() {},
  };
}

async function upload(area: StoreArea, name: string, chunks: AsyncIterable<Uint8Array>): Promise<Artifact> {
  const begun = finalStore(area, name).upload(name);
  try {
    for await (const chunk of chunks) await begun.write([chunk]);
    return { name, ...(await begun.close()) };
  } catch (error) {
    // What became of it matters less than why.
    await begun.abort().catch(() => {});
    throw error;
  }
}

async function putList(
  { state }: StoreArea,
  prefix: string,
  name: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Artifact> {
  const lines: Uint8Array[] = [];
  for await (const chunk of chunks) lines.push(chunk);
  const list = Buffer.concat(lines);
  const sha256 = createHash('sha256').update(list).digest('hex');
  await state.put(prefix + name, list, sha256);
  return { name, bytes: list.byteLength, sha256 };
}
