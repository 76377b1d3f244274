/** A dataset in an object store. */
import { join } from 'node:path';
import { type Clock, systemClock } from '../../clock.ts';
import type { UnitId, UnitRecord } from '../../record.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { Semaphore } from '../../structures/semaphore.ts';
import { type CommitStep, type Destination, destinationError, type Staging } from '../destination.ts';
import { type FolderLayout, REMOVED_FILE } from '../folder-layout.ts';
import { FinalObjects } from './final-objects.ts';
import { rollForwardObjects } from './roll-forward.ts';
import { finalStore, type StoreArea, stagingPrefix, storeArea } from './store-layout.ts';
import { StoreStaging } from './store-staging.ts';
import { sweepProbes, sweepStaging, sweepUploads } from './sweep.ts';

/** Loose files that are put or copied at once: what more are begun would only wait for a connection, and time out. */
export const LOOSE_AT_ONCE = 32;

export interface StoreDestinationOptions {
  /** Folder on a local disk for what belongs to this process alone; made when it is needed. */
  readonly localFolder: string;
  /** `shards` keeps the state in PREFIX/.flow-dc, `files` (loose files) in PREFIX.flow-dc. Default: shards. */
  readonly layout?: FolderLayout | undefined;
  /** Called at each step of a commit, so that a test can end the process there. */
  readonly onStep?: ((step: CommitStep, unit: UnitId) => void) | undefined;
  readonly clock?: Clock | undefined;
}

/**
 * A dataset in an object store: shards are uploaded to their final keys while they are filled, and completing the uploads
 * that a record names is the roll-forward. Errors of every method: those of the store.
 */
export class StoreDestination implements Destination {
  /** A commit is some ten requests, which are waited for and cost nothing else. */
  readonly commitsAtOnce = 8;
  readonly name: string;
  readonly area: StoreArea;
  readonly spillFolder: string;
  readonly poisonFolder: string;
  readonly #onStep: (step: CommitStep, unit: UnitId) => void;
  readonly #clock: Clock;
  /** Attempts that were begun here: nothing of them can be final yet. */
  readonly #own = new Set<string>();
  readonly #finals = new FinalObjects();
  readonly #loose = new Semaphore(LOOSE_AT_ONCE);
  #removed: string | undefined;

  /** @param store - of the output; closing it is its opener's */
  constructor(store: ObjectStore, options: StoreDestinationOptions) {
    this.area = storeArea(store, options.layout ?? 'shards');
    this.name = store.name;
    this.spillFolder = join(options.localFolder, 'spill');
    this.poisonFolder = join(options.localFolder, 'poison');
    this.#onStep = options.onStep ?? (() => {});
    this.#clock = options.clock ?? systemClock;
  }

  get removedList(): string | undefined {
    return this.#removed;
  }

  /** Look what was taken out for good: to be called before anything is fetched, once nobody else may change it. */
  async bringRemoved(): Promise<void> {
    const content = await this.area.state.read(REMOVED_FILE);
    this.#removed = content && Buffer.from(content).toString('utf8');
  }

  async stage(unit: UnitId, token: string): Promise<Staging> {
    const prefix = stagingPrefix(unit, token);
    this.#own.add(prefix);
    return new StoreStaging(this.area, prefix, (step) => this.#onStep(step, unit), this.#loose);
  }

  async rollForward(record: UnitRecord): Promise<void> {
    this.#onStep('committed', record.unit);
    const isOwn = this.#own.delete(stagingPrefix(record.unit, record.token));
    const finals = isOwn ? undefined : this.#finals;
    await rollForwardObjects(record, { area: this.area, clock: this.#clock, loose: this.#loose, finals });
    this.#onStep('rolled', record.unit);
  }

  async sweep(
    isDecided: (unit: UnitId, token: string) => Promise<boolean>,
    records: () => AsyncIterable<UnitRecord>,
  ): Promise<void> {
    await sweepProbes(this.area, this.#clock.wallMs());
    await sweepStaging(this.area, isDecided);
    await sweepUploads(this.area, records());
  }

  async putFile(name: string, content: string | Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const store = finalStore(this.area, name);
    if (typeof content === 'string' || content instanceof Uint8Array) return store.put(name, content);
    const upload = store.upload(name);
    try {
      for await (const chunk of content) await upload.write([chunk]);
      await store.complete(name, (await upload.close()).upload);
    } catch (error) {
      await upload.abort();
      throw error;
    }
  }

  async readFile(name: string): Promise<Uint8Array> {
    const content = await finalStore(this.area, name).read(name);
    if (content !== undefined) return content;
    throw destinationError(new Error(`there is no ${name}`), this.name);
  }
}
