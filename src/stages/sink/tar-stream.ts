/** One tar archive that all open units write to: whole samples, in the order in which they settle. */
import type { Clock } from '../../clock.ts';
import { destinationError } from '../../destination/destination.ts';
import type { StreamDestination } from '../../destination/stream-destination.ts';
import type { Artifact, FetchResult, OpenUnit, SpilledBody } from '../../record.ts';
import type { GatheringEvents } from './custom-sink.ts';
import { GzipOutput, plainOutput } from './gzip-file.ts';
import { TarShard, type TarShardOptions } from './tar-shard.ts';

/** What was gathered is written after so long at the latest, so that a reader who keeps up sees samples as they come. */
const FLUSH_MS = 20;

/** A unit that writes to the archive. */
interface Part {
  readonly events: GatheringEvents;
  /** Samples that are added and not written. */
  unwritten: number;
  hasLeft: boolean;
}

/** Its errors are the stream's: whatever goes wrong in it is FDC_ERR_DEST_IO or FDC_ERR_DEST_FULL, and final. */
export class TarStream {
  readonly #clock: Clock;
  readonly #archive: TarShard;
  readonly #parts = new Map<OpenUnit, Part>();
  #failure: Error | undefined;
  #cancelFlush: (() => void) | undefined;

  constructor(destination: StreamDestination, compress: boolean, clock: Clock) {
    const file = {
      write: (chunks: readonly Uint8Array[]) => destination.write(chunks),
      close: async (): Promise<Artifact> => ({ name: destination.name, bytes: 0, sha256: '' }),
    };
    const events = {
      onSettled: (results: readonly FetchResult[]) => this.#settled(results),
      onError: (error: Error) => this.#fail(error),
    };
    this.#clock = clock;
    this.#archive = new TarShard(compress ? new GzipOutput(file, false) : plainOutput(file), {}, events, clock);
  }

  /** A unit begins to write, and is told what becomes of its samples. */
  join(unit: OpenUnit, events: GatheringEvents): void {
    this.#parts.set(unit, { events, unwritten: 0, hasLeft: false });
  }

  /** See SampleContainer; the result's unit has joined. */
  add(result: FetchResult, stem: string, extension: string, options: TarShardOptions): string {
    if (this.#failure !== undefined) throw this.#failure;
    (this.#parts.get(result.unit) as Part).unwritten += 1;
    const name = this.#archive.add(result, stem, extension, options);
    if (this.#archive.hasUnwritten) this.#cancelFlush ??= this.#clock.timer(FLUSH_MS, () => this.#flush());
    return name;
  }

  /** Resolves when every sample of the unit that was added is written. */
  async written(unit: OpenUnit): Promise<void> {
    const part = this.#parts.get(unit) as Part;
    while (part.unwritten > 0 && this.#failure === undefined) await this.#archive.flush();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The unit adds nothing more; what it has added is written all the same. */
  leave(unit: OpenUnit): void {
    const part = this.#parts.get(unit);
    if (part === undefined) return;
    part.hasLeft = true;
    if (part.unwritten === 0) this.#parts.delete(unit);
  }

  /** The end of the archive, after a file that is nobody's sample. */
  async close(name?: string, file?: SpilledBody): Promise<void> {
    this.#cancelFlush?.();
    if (name !== undefined && file !== undefined) this.#archive.addFile(name, file);
    await this.#archive.close().catch((error: unknown) => {
      throw destinationError(error, 'stdout');
    });
  }

  /** Nothing more is written. Idempotent. */
  abandon(error: Error): void {
    this.#cancelFlush?.();
    this.#failure ??= error;
    void this.#archive.abandon();
  }

  #flush(): void {
    this.#cancelFlush = undefined;
    void this.#archive.flush();
    // A write is under way; what has come since then goes with the next one.
    if (this.#archive.hasUnwritten) this.#cancelFlush ??= this.#clock.timer(FLUSH_MS, () => this.#flush());
  }

  #settled(results: readonly FetchResult[]): void {
    const byUnit = new Map<OpenUnit, FetchResult[]>();
    for (const result of results) {
      const others = byUnit.get(result.unit);
      if (others === undefined) byUnit.set(result.unit, [result]);
      else others.push(result);
    }
    for (const [unit, settled] of byUnit) {
      const part = this.#parts.get(unit) as Part;
      part.unwritten -= settled.length;
      part.events.onSettled(settled);
      if (part.hasLeft && part.unwritten === 0) this.#parts.delete(unit);
    }
  }

  #fail(error: Error): void {
    const failure = destinationError(error, 'stdout');
    this.abandon(failure);
    for (const { events } of this.#parts.values()) events.onError(failure);
  }
}
