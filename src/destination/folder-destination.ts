/** A dataset in a local folder. */
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import type { UnitId, UnitRecord } from '../record.ts';
import { type CommitStep, type Destination, destinationError, type JobThere, type Staging } from './destination.ts';
import { makeFolder, syncFolder, writeAtomically } from './disk.ts';
import {
  type FolderLayout,
  type FolderPaths,
  finalPath,
  folderPaths,
  keptFolder,
  stagingFolder,
} from './folder-layout.ts';
import { FolderStaging, moveFiles, rollForwardFolder } from './folder-staging.ts';
import { DiskTempo } from './loose-files.ts';

export interface FolderDestinationOptions {
  /** `shards` keeps the state in OUT/.flow-dc, `files` (loose files) in OUT.flow-dc. Default: shards. */
  readonly layout?: FolderLayout | undefined;
  /** Called at each step of a commit, so that a test can end the process there. */
  readonly onStep?: ((step: CommitStep, unit: UnitId) => void) | undefined;
  readonly clock?: Clock | undefined;
}

/**
 * A dataset in a local folder. Errors of every method: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO, and FDC_ERR_DEST_UNWRITABLE
 * when the folders cannot be made in the first place.
 */
export class FolderDestination implements Destination {
  readonly name: string;
  readonly paths: FolderPaths;
  readonly commitsAtOnce?: number;
  readonly #onStep: (step: CommitStep, unit: UnitId) => void;
  readonly #clock: Clock;
  readonly #tempo = new DiskTempo();
  #prepared: Promise<void> | undefined;

  constructor(folder: string, options: FolderDestinationOptions = {}) {
    this.paths = folderPaths(folder, options.layout ?? 'shards');
    this.name = this.paths.output;
    this.#onStep = options.onStep ?? (() => {});
    this.#clock = options.clock ?? systemClock;
  }

  get poisonFolder(): string {
    return this.paths.poison;
  }

  get removedFile(): string {
    return this.paths.removedFile;
  }

  get spillFolder(): string {
    return this.paths.spill;
  }

  /** Where records and the job's identity are kept. */
  get stateFolder(): string {
    return this.paths.state;
  }

  /** Make the folders. Every other method calls it first. */
  prepare(): Promise<void> {
    this.#prepared ??= this.#makeFolders().catch((error: unknown) => {
      this.#prepared = undefined;
      throw destinationError(error, this.name, 'FDC_ERR_DEST_UNWRITABLE');
    });
    return this.#prepared;
  }

  /** Nothing lies beyond. */
  async reach(_job: JobThere): Promise<void> {}

  /** Its job has a lock. */
  async assertOwn(_records: AsyncIterable<UnitRecord>): Promise<void> {}

  async leave(_job: string): Promise<void> {}

  async stage(unit: UnitId, token: string): Promise<Staging> {
    await this.prepare();
    return this.#guard(async () => {
      const folder = stagingFolder(this.paths, unit, token);
      await mkdir(folder);
      const onSync = (step: 'staged' | 'synced'): void => this.#onStep(step, unit);
      return new FolderStaging(folder, keptFolder(this.paths, unit), onSync, this.#tempo);
    });
  }

  async rollForward(record: UnitRecord): Promise<void> {
    this.#onStep('committed', record.unit);
    await this.prepare();
    const show = (staged: string, list: string): Promise<void> => this.showFiles(staged, list);
    await this.#guard(() => rollForwardFolder(this.paths, record, this.#clock, show));
    this.#onStep('rolled', record.unit);
  }

  /** Bring the loose files that a staged list names to their places. Idempotent. */
  protected showFiles(staged: string, list: string): Promise<void> {
    return moveFiles(this.paths, staged, list, this.#clock, this.#tempo);
  }

  /** Whether a record's artifacts are in their final places, by their sizes. */
  async isFinal({ artifacts }: Pick<UnitRecord, 'artifacts'>): Promise<boolean> {
    for (const { name, bytes } of artifacts)
      if ((await stat(finalPath(this.paths, name)).catch(() => undefined))?.size !== bytes) return false;
    return true;
  }

  /**
   * Bring a record's artifacts to their final places, whoever staged them.
   * @returns false when they are neither staged nor final as far as is seen now
   */
  async settle(record: UnitRecord): Promise<boolean> {
    if (await this.isFinal(record)) return true;
    const staged = stagingFolder(this.paths, record.unit, record.token);
    if ((await stat(staged).catch(() => undefined)) === undefined) return false;
    await this.rollForward(record);
    return true;
  }

  /** A disk is looked at each time. */
  async lookAgain(): Promise<void> {}

  /** Of attempts without a record, what whoever works here next would not find. */
  async sweepAttempts(_isDecided: (unit: UnitId, token: string) => Promise<boolean>): Promise<void> {}

  /** Nothing that a disk does takes long. */
  halt(_reason: Error): void {}

  windDown(_reason: Error, _leftMs: number): void {}

  /** Also empties the spill folder: call it only while no other process works on this destination. */
  async sweep(isDecided: (unit: UnitId, token: string) => Promise<boolean>): Promise<void> {
    await this.prepare();
    await this.#guard(async () => {
      for (const name of await readdir(this.paths.staging)) {
        const [unit = '', token = ''] = name.split('.');
        if (!(await isDecided(unit, token))) await rm(join(this.paths.staging, name), { recursive: true, force: true });
      }
      for (const name of await readdir(this.paths.spill))
        await rm(join(this.paths.spill, name), { recursive: true, force: true });
      await syncFolder(this.paths.staging);
    });
  }

  async putFile(name: string, content: string | Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    await this.prepare();
    const path = finalPath(this.paths, name);
    await this.#guard(async () => {
      if (name.includes('/')) await makeFolder(dirname(path));
      await writeAtomically(path, content);
    });
  }

  async readFile(name: string): Promise<Uint8Array> {
    return this.#guard(() => readFile(finalPath(this.paths, name)));
  }

  async #makeFolders(): Promise<void> {
    for (const folder of [this.paths.output, this.paths.staging, this.paths.spill]) await makeFolder(folder);
    await syncFolder(this.paths.state);
    await syncFolder(this.paths.output);
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw destinationError(error, this.name);
    }
  }
}
