/**
 * Where everything of one output lies in an object store: the dataset, and what its job keeps.
 *
 *   shards (tar modes)                    files (loose files)
 *   PREFIX/000000.tar, .parquet, ...      PREFIX/label/name.ext, metadata.parquet
 *   PREFIX/.flow-dc/job.json, ...         PREFIX.flow-dc/job.json, ..., 000000.files, 000000.parquet, ...
 */
import { artifactName, type FolderLayout, METADATA_FILE } from '../../destination/folder-layout.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/** One output in a store. */
export interface StoreArea {
  readonly layout: FolderLayout;
  readonly output: ObjectStore;
  /** The same bucket below the job's own prefix. */
  readonly state: ObjectStore;
}

/** Keys of what a job keeps, below its prefix. */
export const STATE_KEYS = {
  /** Id, identity and settings of the job. */
  job: 'job.json',
  /** Exists while a process writes to the output. */
  lock: 'lock',
  /** Exists for a moment, while somebody looks whether the lock is stale. */
  guard: 'lock.takeover',
  /** Exists while recorded objects are being deleted; whoever finds it finishes the deletion. */
  overwrite: 'overwrite',
  /** Exists while units are being taken back, and names them; whoever finds it finishes that. */
  repair: 'repair.json',
  /** Exists while workers of a job on a server write to the output. */
  distributed: 'distributed.json',
  /** What was read from stdin, whole. */
  stdin: 'stdin',
  /** Row numbers at which live input paused so long that a window was closed; a line each. */
  lingers: 'lingers',
  /** What was learned about hosts. */
  hostProfiles: 'hosts.json',
  /** How the runs went, second by second. */
  timeline: 'timeline.jsonl',
} as const;

/** Of shards, in the output's own prefix. */
export const STATE_PREFIX = '.flow-dc';

export function storeArea(output: ObjectStore, layout: FolderLayout): StoreArea {
  return { layout, output, state: output.beside(layout === 'shards' ? `/${STATE_PREFIX}` : STATE_PREFIX) };
}

/** The store in which an artifact or a file beside the shards has `name` as its key. */
export function finalStore({ layout, output, state }: StoreArea, name: string): ObjectStore {
  artifactName(name);
  return layout === 'shards' || name === METADATA_FILE ? output : state;
}

/** The text of a small object; undefined when there is none. */
export async function readText(store: ObjectStore, key: string): Promise<string | undefined> {
  const content = await store.read(key);
  return content === undefined ? undefined : Buffer.from(content).toString('utf8');
}

/** For messages. */
export function nameOfKey(store: ObjectStore, key: string): string {
  return `${store.name}/${key}`;
}
