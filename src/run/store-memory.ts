/** What a job in a store remembers of its input: files on this machine, with copies below the job's prefix. */
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { StoreArea } from '../destination/store/store-layout.ts';
import { withSums } from '../job/job-file.ts';
import { nameOfKey, STATE_KEYS } from '../job/store/state-keys.ts';
import { readStoreJobFile, writeStoreJobFile } from '../job/store/store-job.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type InputMemory, notKept, type PipePlace } from './input-memory.ts';
import type { RunFolder } from './run-folder.ts';

const KEYS = { keptInput: STATE_KEYS.stdin, lingers: STATE_KEYS.lingers } as const;

export class StoreMemory implements InputMemory, PipePlace {
  readonly keptInput: string;
  readonly partialInput: string;
  readonly lingers: string;
  readonly spool = join(tmpdir(), 'flow-dc-stdin-');
  readonly #area: StoreArea;
  readonly #folder: RunFolder;

  constructor(area: StoreArea, folder: RunFolder) {
    this.#area = area;
    this.#folder = folder;
    this.keptInput = folder.keptInput;
    this.partialInput = folder.partialInput;
    this.lingers = folder.lingers;
  }

  /** What earlier runs kept is here now. */
  async bring(): Promise<void> {
    await this.#folder.make();
    for (const file of ['keptInput', 'lingers'] as const) await fetchFile(this.#area.state, KEYS[file], this[file]);
  }

  async kept(): Promise<string> {
    await this.bring();
    if ((await this.#area.state.head(KEYS.keptInput)) !== undefined) return this.keptInput;
    throw notKept(this.#area.output.name, nameOfKey(this.#area.state, KEYS.keptInput), true);
  }

  async keep(file: 'keptInput' | 'lingers'): Promise<void> {
    await putFile(this.#area.state, KEYS[file], this[file]);
  }

  async noteContents(contents: ReadonlyMap<string, string>): Promise<void> {
    const job = await readStoreJobFile(this.#area);
    if (job !== undefined) await writeStoreJobFile(this.#area, withSums(job, contents));
  }
}

/** @returns false when there is no such object; the file is left alone then */
export async function fetchFile(store: ObjectStore, key: string, path: string): Promise<boolean> {
  if ((await store.head(key)) === undefined) return false;
  await pipeline(await store.open(key), createWriteStream(path));
  return true;
}

/** Put a file that may be larger than memory. */
async function putFile(store: ObjectStore, key: string, path: string): Promise<void> {
  const upload = store.upload(key);
  try {
    for await (const chunk of createReadStream(path)) await upload.write([chunk as Buffer]);
    const { upload: note } = await upload.close();
    await store.complete(key, note);
  } catch (error) {
    await upload.abort();
    throw error;
  }
}

/** Put a small one. */
export async function putSmallFile(store: ObjectStore, key: string, path: string): Promise<void> {
  await store.put(key, await readFile(path));
}
