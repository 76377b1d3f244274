/** The files of a dataset in an object store. */
import { artifactName, type FolderLayout, listedPath, METADATA_FILE } from '../../destination/folder-layout.ts';
import type { UnitRecord } from '../../record.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { isUnitFile } from '../unit-files.ts';
import type { DatasetEntry, DatasetFile, DatasetFiles, FoundFile, Leftover } from './dataset-files.ts';

/** Requests answer after some ten milliseconds each. Chosen. */
const WIDTH = 8;

/** Where the job keeps its state, below the dataset (shards) or beside it (loose files). */
const STATE = '.flow-dc';
const STAGING = 'staging/';

/** One object. */
class StoreFile implements DatasetFile {
  readonly path: string;
  readonly #store: ObjectStore;
  readonly #key: string;

  constructor(store: ObjectStore, key: string) {
    this.#store = store;
    this.#key = key;
    this.path = `${store.name}/${key}`;
  }

  async look(): Promise<FoundFile | undefined> {
    const found = await this.#store.head(this.#key);
    return found && { isFolder: false, bytes: found.bytes };
  }

  async read(): Promise<Buffer> {
    const content = await this.#store.read(this.#key);
    if (content === undefined) throw this.#missing();
    return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  }

  async *open(): AsyncGenerator<Uint8Array> {
    yield* await this.#store.open(this.#key).catch(async (error: unknown) => {
      throw (await this.look()) === undefined ? this.#missing() : error;
    });
  }

  #missing(): Error {
    return Object.assign(new Error(`${this.path}: no such object`), { code: 'ENOENT' });
  }
}

export class StoreFiles implements DatasetFiles {
  readonly name: string;
  readonly layout: FolderLayout;
  readonly width = WIDTH;
  readonly #output: ObjectStore;
  readonly #state: ObjectStore;

  constructor(store: ObjectStore, layout: FolderLayout) {
    this.name = store.name;
    this.layout = layout;
    this.#output = store;
    this.#state = store.beside(layout === 'shards' ? `/${STATE}` : STATE);
  }

  final(name: string): DatasetFile {
    return new StoreFile(name === METADATA_FILE ? this.#output : this.#artifacts, artifactName(name));
  }

  sample(path: string): DatasetFile {
    return new StoreFile(this.#output, listedPath(path));
  }

  state(name: string): DatasetFile {
    return new StoreFile(this.#state, name);
  }

  /** What has a part of its name in common with others comes as one, with a `/` behind it. */
  async *entries(): AsyncGenerator<DatasetEntry> {
    for await (const name of groupsOf(this.#artifacts, '')) if (name !== `${STATE}/`) yield { name, isFolder: false };
  }

  async *folders(): AsyncGenerator<string> {}

  async *samples(isKnown: (path: string) => boolean): AsyncGenerator<string> {
    for await (const { key } of this.#output.list('')) if (!isKnown(key)) yield key;
  }

  async *leftovers(): AsyncGenerator<Leftover> {
    for await (const name of groupsOf(this.#state, STAGING))
      yield { kind: 'staged', where: `${STAGING}${name.replace(/\/$/, '')}` };
    for await (const { key } of this.#state.uploads('')) yield { kind: 'upload', where: `${STATE}/${key}` };
    // What others are uploading there is theirs.
    for await (const { key } of this.#output.uploads(''))
      if (isUnitFile(key) || key === METADATA_FILE) yield { kind: 'upload', where: key };
  }

  async isPending({ unit, token, artifacts }: UnitRecord): Promise<boolean> {
    for await (const _ of this.#state.list(`${STAGING}${unit}.${token}/`)) return true;
    for (const { name, bytes, upload } of artifacts) {
      if (upload === undefined || (await this.final(name).look())?.bytes === bytes) continue;
      for await (const open of this.#artifacts.uploads(name)) if (open.id === upload.id) return true;
    }
    return false;
  }

  get #artifacts(): ObjectStore {
    return this.layout === 'shards' ? this.#output : this.#state;
  }
}

/** Names below `prefix` up to their first `/`, each once. */
async function* groupsOf(store: ObjectStore, prefix: string): AsyncGenerator<string> {
  let last = '';
  for await (const { key } of store.list(prefix)) {
    const name = /^[^/]*\/?/.exec(key.slice(prefix.length))?.[0] ?? '';
    // Keys come in their order, so those that begin alike come together.
    if (name !== last && name !== '') yield name;
    last = name;
  }
}
