/**
 * A decided record's artifacts made visible in a store. Every step may find its work done already, by an earlier run
 * that was killed or by another worker at this moment; only "neither staged nor final" is an error.
 */
import { type Clock, sleep } from '../../clock.ts';
import { FlowDcError } from '../../errors.ts';
import type { Artifact, UnitRecord } from '../../record.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Semaphore } from '../../structures/semaphore.ts';
import { artifactName } from '../folder-layout.ts';
import { LOOK_AGAIN_MS, VISIBLE_MS } from '../folder-staging.ts';
import { FILE_LIST_SUFFIX, listedFiles } from '../hashed-file.ts';
import { forEachConcurrently } from '../loose-files.ts';
import type { FinalObjects } from './final-objects.ts';
import { finalStore, type StoreArea, stagingPrefix } from './store-layout.ts';
import { removeBelow } from './store-staging.ts';

/** Files of one list that stand in line to be copied. */
const IN_LINE = 64;

export interface RollForward {
  readonly area: StoreArea;
  readonly clock: Clock;
  /** Places for loose files that are copied at once. */
  readonly loose: Semaphore;
  /** What is there already; absent for an attempt of our own, of which nothing can be. */
  readonly finals?: FinalObjects | undefined;
}

/** Idempotent. Errors: FDC_ERR_DEST_IO and those of the store. */
export async function rollForwardObjects(record: UnitRecord, rolling: RollForward): Promise<void> {
  const { area, clock, finals } = rolling;
  const prefix = stagingPrefix(record.unit, record.token);
  for (const { name } of record.artifacts) artifactName(name);
  const isList = ({ name }: Artifact): boolean => name.endsWith(FILE_LIST_SUFFIX);
  const show = async (artifact: Artifact): Promise<void> => {
    const store = finalStore(area, artifact.name);
    if (await finals?.has(store, artifact)) return;
    await complete(store, artifact, clock);
  };
  const lists = record.artifacts.filter(isList);
  // Lists go last: a list in its final place says that all of its files are in theirs.
  for (const list of lists) await rollFiles(rolling, prefix, list);
  await Promise.all(record.artifacts.filter((artifact) => !isList(artifact)).map(show));
  for (const list of lists) await rollList(area, prefix, list, clock);
  if (lists.length > 0) await removeBelow(area.state, prefix);
}

async function complete(store: ObjectStore, { name, bytes, upload }: Artifact, clock: Clock): Promise<void> {
  if (upload !== undefined && (await store.complete(name, upload))) return;
  await expectObject(store, name, bytes, clock);
}

/** Somebody else may be completing it at this moment. */
async function expectObject(store: ObjectStore, key: string, bytes: number, clock: Clock): Promise<void> {
  for (const endMs = clock.nowMs() + VISIBLE_MS; ; await sleep(clock, LOOK_AGAIN_MS)) {
    const found = await store.head(key);
    if (found?.bytes === bytes) return;
    if (found === undefined && clock.nowMs() < endMs) continue;
    const got = found === undefined ? 'nothing' : `${found.bytes} bytes`;
    const message = `${store.name}/${key}: expected ${bytes} bytes, got ${got}; the committed data was deleted or changed`;
    throw new FlowDcError('FDC_ERR_DEST_IO', message);
  }
}

async function rollFiles({ area, clock, loose }: RollForward, prefix: string, list: Artifact): Promise<void> {
  const { state, output } = area;
  const content = await state.read(prefix + list.name);
  if (content === undefined) return;
  const files = listedFiles(Buffer.from(content).toString('utf8'), list.name);
  await forEachConcurrently(files, IN_LINE, async ({ path, bytes }) => {
    const copied = await loose.run(() => state.copy(`${prefix}files/${path}`, path, output));
    if (!copied) await expectObject(output, path, bytes, clock);
  });
}

async function rollList(area: StoreArea, prefix: string, { name, bytes }: Artifact, clock: Clock): Promise<void> {
  const { state } = area;
  if (!(await state.copy(prefix + name, name))) await expectObject(state, name, bytes, clock);
}
