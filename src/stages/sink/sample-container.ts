/** What holds the stored samples of one unit: one tar archive, or a file per sample. */
import { createHash } from 'node:crypto';
import type { StagedFolder, Staging } from '../../destination/destination.ts';
import type { Artifact, FetchResult } from '../../record.ts';
import { GzipOutput, plainOutput } from './gzip-file.ts';
import { readSpilled, TarShard, type TarShardOptions } from './tar-shard.ts';

export interface SampleEvents {
  /** The bytes of these results are written, or given up: they are no longer needed. */
  onSettled(results: readonly FetchResult[]): void;
  /** A write failed; the container is of no more use. */
  onError(error: Error): void;
}

export interface SampleContainer {
  /**
   * Take a stored result under `stem` (a path without extension). Its bytes are needed until `onSettled`.
   * @returns the path of the sample's body
   */
  add(result: FetchResult, stem: string, extension: string): string;
  /** Whether something was added that is not being written yet. */
  readonly hasUnwritten: boolean;
  /** Write what was added. */
  flush(): void;
  /** Resolves when everything is written. Errors: the one that `onError` was told. */
  close(): Promise<Artifact>;
  /** Resolves when no write is under way any more. Everything that was added is settled by then. */
  abandon(): Promise<void>;
}

export interface TarContainerOptions extends TarShardOptions {
  readonly name: string;
  readonly compress: boolean;
}

/** One tar archive per unit. */
export async function openTarContainer(
  staging: Staging,
  options: TarContainerOptions,
  events: SampleEvents,
): Promise<SampleContainer> {
  const file = await staging.createFile(options.name);
  return new TarShard(options.compress ? new GzipOutput(file) : plainOutput(file), options, events);
}

/** One file per sample, in folders by label. */
export async function openFileContainer(
  staging: Staging,
  name: string,
  events: SampleEvents,
): Promise<SampleContainer> {
  return new LooseSamples(await staging.createFolder(name), events);
}

class LooseSamples implements SampleContainer {
  readonly hasUnwritten = false;
  readonly #folder: StagedFolder;
  readonly #events: SampleEvents;
  readonly #writing = new Set<Promise<void>>();
  #failure: Error | undefined;

  constructor(folder: StagedFolder, events: SampleEvents) {
    this.#folder = folder;
    this.#events = events;
  }

  add(result: FetchResult, stem: string, extension: string): string {
    const path = `${stem}.${extension}`;
    try {
      const writing = this.#write(path, result);
      if (writing === undefined) this.#events.onSettled([result]);
      else this.#watch(writing, result);
    } catch (error) {
      this.#fail(error as Error);
      this.#events.onSettled([result]);
    }
    return path;
  }

  flush(): void {}

  async close(): Promise<Artifact> {
    while (this.#writing.size > 0) await Promise.all(this.#writing);
    if (this.#failure !== undefined) throw this.#failure;
    return this.#folder.close();
  }

  async abandon(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing);
  }

  #write(path: string, { pieces = [], body, sha256, unit, row }: FetchResult): Promise<void> | undefined {
    if (pieces.length > 0) return this.#folder.add(path, pieces, sha256 ?? digestOf(pieces));
    if (body === undefined) throw new TypeError(`unit ${unit.id}, row ${row.row}: expected a body with status fetched`);
    if (body instanceof Uint8Array) return this.#folder.add(path, [body], sha256 ?? digestOf([body]));
    return this.#folder.addStream(path, readSpilled(body));
  }

  #watch(writing: Promise<void>, result: FetchResult): void {
    const watched = writing.then(
      () => this.#done(watched, result),
      (error: Error) => {
        this.#fail(error);
        this.#done(watched, result);
      },
    );
    this.#writing.add(watched);
  }

  #done(watched: Promise<void>, result: FetchResult): void {
    this.#writing.delete(watched);
    this.#events.onSettled([result]);
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#events.onError(error);
  }
}

function digestOf(pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}
