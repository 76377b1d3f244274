/**
 * Whether a prefix of a store is free to be used, and making it free: deleting what a job wrote and nothing else, only
 * names that its records vouch for.
 */
import { isOwnersFile } from '../../dataset/owners-files.ts';
import { CARD_FILE, isOurCard } from '../../dataset/seal/put-card.ts';
import { SEAL_FILES } from '../../dataset/seal/seal-dataset.ts';
import { METADATA_FILE } from '../../destination/folder-layout.ts';
import { FILE_LIST_SUFFIX, parseFileList } from '../../destination/hashed-file.ts';
import { finalStore, STATE_PREFIX, type StoreArea } from '../../destination/store/store-layout.ts';
import { FlowDcError } from '../../errors.ts';
import type { UnitRecord } from '../../record.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { nameOfKey, readText, STATE_KEYS } from './state-keys.ts';
import { createStoreCommitter } from './store-committer.ts';

/** Names that a message counts; of more it says that there are more. */
const MOST_COUNTED = 1000;
/** Objects that are deleted by one request, at most. */
const BATCH = 1000;

/** Errors: FDC_ERR_DEST_FOREIGN when the prefix holds anything. Only for one without a job. */
export async function refuseForeignObjects(output: ObjectStore): Promise<void> {
  const found = await foreignKeys(output);
  if (found.length === 0) return;
  throw new FlowDcError(
    'FDC_ERR_DEST_FOREIGN',
    `${output.name} holds ${tell(found)} and no flow-dc job; choose another output with -o, or empty the prefix`,
  );
}

/** What stayed after a job's objects were deleted, as lines for the user. */
export async function leftOverObjects(output: ObjectStore): Promise<string[]> {
  const found = await foreignKeys(output);
  return found.length === 0 ? [] : [`left alone in ${output.name}, because no record names them: ${tell(found)}`];
}

/** The first keys that are not of our own state, nor the marks that consoles make for a folder. */
async function foreignKeys(output: ObjectStore): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { key } of output.list('')) {
    if (key === '' || key.endsWith('/') || key.startsWith(`${STATE_PREFIX}/`) || isOwnersFile(key)) continue;
    found.push(key);
    if (found.length > MOST_COUNTED) break;
  }
  return found;
}

function tell(keys: readonly string[]): string {
  if (keys.length <= 3) return keys.join(', ');
  return `${keys.slice(0, 3).join(', ')} and ${keys.length > MOST_COUNTED ? 'many' : keys.length - 3} more`;
}

/**
 * Remove a job's recorded objects, seal files and state, but for job.json, the lock, the overwrite mark and what hosts
 * have given: their quotas are not ours to renew. May be cut short at any point and done again: a record goes after the objects that it names.
 */
export async function clearStore(area: StoreArea): Promise<void> {
  const { output, state } = area;
  const batches = new Map([output, state].map((store) => [store, new Removal(store)]));
  const remove = (store: ObjectStore, key: string): Promise<void> | undefined => batches.get(store)?.add(key);
  for await (const record of createStoreCommitter(state).records()) {
    for await (const path of listedPaths(area, record)) await remove(output, path);
    for (const { name } of record.artifacts) await remove(finalStore(area, name), name);
  }
  for (const name of [...SEAL_FILES, METADATA_FILE])
    if (name !== CARD_FILE || (await isOurs(finalStore(area, name)))) await remove(finalStore(area, name), name);
  for (const batch of batches.values()) await batch.flush();
  const kept: readonly string[] = [
    STATE_KEYS.job,
    STATE_KEYS.lock,
    STATE_KEYS.guard,
    STATE_KEYS.overwrite,
    STATE_KEYS.quotas,
  ];
  await removeAll(state, (key) => !kept.includes(key));
}

async function isOurs(store: ObjectStore): Promise<boolean> {
  const card = await store.read(CARD_FILE);
  return card !== undefined && isOurCard(card);
}

/** Every object of a store that `isMeant`. */
export async function removeAll(store: ObjectStore, isMeant: (key: string) => boolean = () => true): Promise<void> {
  const batch = new Removal(store);
  for await (const { key } of store.list('')) if (isMeant(key)) await batch.add(key);
  await batch.flush();
}

/** Remove the loose files that a record's lists name. */
export async function removeListed(area: StoreArea, record: UnitRecord): Promise<void> {
  const batch = new Removal(area.output);
  for await (const path of listedPaths(area, record)) await batch.add(path);
  await batch.flush();
}

async function* listedPaths({ state }: StoreArea, { unit, token, artifacts }: UnitRecord): AsyncGenerator<string> {
  for (const { name } of artifacts) {
    if (!name.endsWith(FILE_LIST_SUFFIX)) continue;
    // A list that was not rolled forward is still staged, with some of its files in their final place perhaps.
    for (const key of [`staging/${unit}.${token}/${name}`, name]) {
      const text = await readText(state, key, Number.POSITIVE_INFINITY);
      if (text !== undefined) for (const { path } of parseFileList(text, nameOfKey(state, key))) yield path;
    }
  }
}

/** Objects that are deleted many at a time. */
class Removal {
  readonly #store: ObjectStore;
  #keys: string[] = [];

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  add(key: string): Promise<void> | undefined {
    this.#keys.push(key);
    return this.#keys.length < BATCH ? undefined : this.flush();
  }

  async flush(): Promise<void> {
    if (this.#keys.length > 0) await this.#store.remove(this.#keys.splice(0));
  }
}
