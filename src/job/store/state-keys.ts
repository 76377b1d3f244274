/** What a job keeps of itself in a store: keys below its own prefix, and reading what is small. */
import type { ObjectStore } from '../../store/object-store.ts';

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
  /** How much was read from stdin; exists when all of it is kept. */
  stdin: 'stdin/whole.json',
  /** What was read, in pieces that are numbered from 000000. */
  stdinPieces: 'stdin/',
  /** Row numbers at which live input paused so long that a window was closed; a line each. */
  lingers: 'lingers',
  /** What was learned about hosts. */
  hostProfiles: 'hosts.json',
  /** What hosts with a quota have given lately. */
  quotas: 'quotas.json',
  /** How the runs went, second by second. */
  timeline: 'timeline.jsonl',
} as const;

/** What a job keeps of itself is far shorter. Chosen. */
export const MOST_STATE_BYTES = 8 * 1024 * 1024;

/**
 * The text of a small object; undefined when there is none.
 * @param mostBytes - what grows with the dataset has no bound of its own
 */
export async function readText(
  store: ObjectStore,
  key: string,
  mostBytes = MOST_STATE_BYTES,
): Promise<string | undefined> {
  const content = await store.read(key, mostBytes);
  return content === undefined ? undefined : Buffer.from(content).toString('utf8');
}

/** For messages. */
export function nameOfKey(store: ObjectStore, key: string): string {
  return `${store.name}/${key}`;
}
