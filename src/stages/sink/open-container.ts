/** Opens what holds the samples of a unit: one tar archive, one parquet file, or a file per sample. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { SinkSettings } from '../../config/types.ts';
import { dataTable } from '../../dataset/data-table.ts';
import type { Publish } from '../../dataset/published.ts';
import { dataFile } from '../../dataset/unit-files.ts';
import type { StagedFolder, Staging } from '../../destination/destination.ts';
import type { Artifact, FetchResult, OpenUnit } from '../../record.ts';
import type { GatheringEvents } from './custom-sink.ts';
import { GzipOutput, plainOutput } from './gzip-file.ts';
import { type OrderedOptions, OrderedSamples } from './ordered-samples.ts';
import { ParquetShard } from './parquet-shard.ts';
import { readSpilled, type SampleContainer, type SampleEvents } from './sample-container.ts';
import { TarShard, type TarShardOptions } from './tar-shard.ts';

export interface TarContainerOptions extends TarShardOptions, OrderedOptions {
  readonly name: string;
  readonly compress: boolean;
}

/** One tar archive per unit. */
export async function openTarContainer(
  staging: Staging,
  options: TarContainerOptions,
  events: GatheringEvents,
  clock: Clock,
): Promise<SampleContainer> {
  const file = await staging.createFile(options.name);
  const output = options.compress ? new GzipOutput(file) : plainOutput(file);
  return new OrderedSamples(new TarShard(output, options, events, clock), options, events);
}

/** One parquet file per unit, with the bodies in it. */
export async function openParquetContainer(
  staging: Staging,
  unit: OpenUnit,
  { mediaColumn: media }: SinkSettings,
  publish: Publish,
  order: OrderedOptions,
  events: GatheringEvents,
  clock: Clock,
): Promise<SampleContainer> {
  const file = await staging.createFile(dataFile(unit.shard));
  const shard = new ParquetShard(file, { media, table: dataTable(unit.batch, publish, media) }, events, clock);
  return new OrderedSamples(shard, order, events);
}

/** One file per sample, in folders by label. */
export async function openFileContainer(
  staging: Staging,
  name: string,
  events: SampleEvents,
  clock: Clock,
): Promise<SampleContainer> {
  return new LooseSamples(await staging.createFolder(name), events, clock);
}

class LooseSamples implements SampleContainer {
  readonly hasUnwritten = false;
  writeMs = 0;
  readonly #clock: Clock;
  readonly #folder: StagedFolder;
  readonly #events: SampleEvents;
  readonly #writing = new Set<Promise<void>>();
  #failure: Error | undefined;

  constructor(folder: StagedFolder, events: SampleEvents, clock: Clock) {
    this.#clock = clock;
    this.#folder = folder;
    this.#events = events;
  }

  add(result: FetchResult, stem: string, extension: string): string {
    const path = `${stem}.${extension}`;
    const startMs = this.#clock.nowMs();
    try {
      const writing = this.#write(path, result);
      if (writing === undefined) this.#done(startMs, result);
      else this.#watch(writing, startMs, result);
    } catch (error) {
      this.#fail(error as Error);
      this.#events.onSettled([result]);
    }
    return path;
  }

  pass(): void {}

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

  #watch(writing: Promise<void>, startMs: number, result: FetchResult): void {
    const watched: Promise<void> = writing.then(
      () => {
        this.#writing.delete(watched);
        this.#done(startMs, result);
      },
      (error: Error) => {
        this.#writing.delete(watched);
        this.#fail(error);
        this.#done(startMs, result);
      },
    );
    this.#writing.add(watched);
  }

  #done(startMs: number, result: FetchResult): void {
    this.writeMs += this.#clock.nowMs() - startMs;
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
