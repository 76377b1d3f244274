/**
 * One attempt at one unit, in an object store: uploads on final keys that nobody sees before they are completed, and
 * loose files below a prefix of their own.
 */
import { createHash } from 'node:crypto';
import type { Artifact } from '../../record.ts';
import type { ObjectStore, ObjectUpload } from '../../store/object-store.ts';
import type { Semaphore } from '../../structures/semaphore.ts';
import type { StagedFile, StagedFolder, Staging } from '../destination.ts';
import { artifactName, listedPath } from '../folder-layout.ts';
import { FILE_LIST_SUFFIX, formatListedFile } from '../hashed-file.ts';
import { finalStore, type StoreArea } from './store-layout.ts';

export class StoreStaging implements Staging {
  readonly #area: StoreArea;
  readonly #prefix: string;
  readonly #onSync: (step: 'staged' | 'synced') => void;
  readonly #uploads: ObjectUpload[] = [];
  readonly #loose: Semaphore;
  #hasObjects = false;

  /**
   * @param prefix - of the attempt, with a slash at its end
   * @param loose - places for loose files that are put at once
   */
  constructor(area: StoreArea, prefix: string, onSync: (step: 'staged' | 'synced') => void, loose: Semaphore) {
    this.#loose = loose;
    this.#area = area;
    this.#prefix = prefix;
    this.#onSync = onSync;
  }

  async createFile(name: string): Promise<StagedFile> {
    const upload = finalStore(this.#area, name).upload(name);
    this.#uploads.push(upload);
    return {
      write: (chunks) => upload.write(chunks),
      close: async () => ({ name, ...(await upload.close()) }),
    };
  }

  async createFolder(name: string): Promise<StagedFolder> {
    if (!artifactName(name).endsWith(FILE_LIST_SUFFIX))
      throw new RangeError(`a staged folder is named *${FILE_LIST_SUFFIX}, got ${name}`);
    this.#hasObjects = true;
    return new LooseObjects({ state: this.#area.state, prefix: this.#prefix, loose: this.#loose }, name, this.#uploads);
  }

  /** What a store has confirmed is durable. */
  async sync(): Promise<void> {
    this.#onSync('staged');
    this.#onSync('synced');
  }

  async discard(): Promise<void> {
    const aborts = await Promise.allSettled(this.#uploads.map((upload) => upload.abort()));
    if (this.#hasObjects) await removeBelow(this.#area.state, this.#prefix);
    for (const result of aborts) if (result.status === 'rejected') throw result.reason;
  }
}

/** Remove every object whose key begins with `prefix`. */
export async function removeBelow(store: ObjectStore, prefix: string): Promise<void> {
  let batch: string[] = [];
  for await (const { key } of store.list(prefix)) {
    batch.push(key);
    if (batch.length < 1000) continue;
    await store.remove(batch);
    batch = [];
  }
  if (batch.length > 0) await store.remove(batch);
}

interface LoosePlace {
  readonly state: ObjectStore;
  readonly prefix: string;
  readonly loose: Semaphore;
}

/** Thousands of small objects of one unit, and the list that names them. */
class LooseObjects implements StagedFolder {
  readonly #place: LoosePlace;
  readonly #name: string;
  readonly #uploads: ObjectUpload[];
  /** Lines of the list: about 150 bytes per file of one unit. */
  readonly #lines: string[] = [];

  constructor(place: LoosePlace, name: string, uploads: ObjectUpload[]) {
    this.#place = place;
    this.#name = name;
    this.#uploads = uploads;
  }

  async add(path: string, pieces: readonly Uint8Array[], sha256: string): Promise<void> {
    const { state, prefix, loose } = this.#place;
    const key = `${prefix}files/${listedPath(path)}`;
    await loose.run(async () => {
      const content = pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
      await state.put(key, content, sha256);
      this.#lines.push(formatListedFile({ path, bytes: content.byteLength, sha256 }));
    });
  }

  async addStream(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const { state, prefix } = this.#place;
    const key = `${prefix}files/${listedPath(path)}`;
    const upload = state.upload(key);
    this.#uploads.push(upload);
    for await (const piece of pieces) await upload.write([piece]);
    const { bytes, sha256, upload: note } = await upload.close();
    await state.complete(key, note);
    this.#uploads.splice(this.#uploads.indexOf(upload), 1);
    this.#lines.push(formatListedFile({ path, bytes, sha256 }));
  }

  async close(): Promise<Artifact> {
    const { state, prefix } = this.#place;
    const list = Buffer.from(this.#lines.sort().join(''));
    const sha256 = createHash('sha256').update(list).digest('hex');
    await state.put(prefix + this.#name, list, sha256);
    return { name: this.#name, bytes: list.byteLength, sha256 };
  }
}
