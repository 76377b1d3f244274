/**
 * Samples of a unit in the order of its rows, whatever order they arrive in, so that equal jobs write equal shards. Who
 * comes before his turn waits in memory while there is room, else in a file; whoever has his turn is written at once.
 */
import type { Artifact, FetchResult } from '../../record.ts';
import type { GatheringEvents } from './custom-sink.ts';
import type { EarlyBytes, EarlyHolder } from './early-bytes.ts';
import { EarlyFile, type LentBody } from './early-file.ts';
import type { SampleContainer } from './sample-container.ts';

/** What takes samples in the order in which they are to stand. */
export interface OrderedShard
  extends Pick<SampleContainer, 'writeMs' | 'hasUnwritten' | 'close' | 'offsets' | 'abandon'> {
  /** See SampleContainer. @param lent - the body, where that was put aside; the result is settled then */
  add(result: FetchResult, stem: string, extension: string, options?: undefined, lent?: LentBody): string;
  flush(): Promise<void>;
}

/** A sample whose turn has not come. */
interface Early {
  /** Without its body once that was put aside. */
  result: FetchResult;
  readonly index: number;
  readonly stem: string;
  readonly extension: string;
  /** Of the body, where that is in memory. */
  readonly memoryBytes: number;
  isMoving: boolean;
  lent: LentBody | undefined;
}

export interface OrderedOptions {
  /** Of the unit. */
  readonly rows: number;
  readonly early: EarlyBytes;
  /** For what memory has no room for. */
  readonly spillFolder: string;
}

export class OrderedSamples implements SampleContainer, EarlyHolder {
  readonly #shard: OrderedShard;
  readonly #events: GatheringEvents;
  readonly #early: EarlyBytes;
  readonly #file: EarlyFile;
  readonly #waiting = new Map<number, Early>();
  /** 1 for rows that have ended without a sample. */
  readonly #isPassed: Uint8Array;
  /** The first row that has not ended. */
  #next = 0;
  #moving: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(shard: OrderedShard, { rows, early, spillFolder }: OrderedOptions, events: GatheringEvents) {
    this.#shard = shard;
    this.#events = events;
    this.#early = early;
    this.#file = new EarlyFile(spillFolder);
    this.#isPassed = new Uint8Array(rows);
  }

  get writeMs(): number {
    return this.#shard.writeMs;
  }

  get hasUnwritten(): boolean {
    return this.#shard.hasUnwritten;
  }

  flush(): void {
    void this.#shard.flush();
  }

  add(result: FetchResult, stem: string, extension: string): string {
    const { index } = result.row;
    if (index === this.#next) {
      this.#next += 1;
      this.#shard.add(result, stem, extension);
      this.#goOn();
    } else {
      const memoryBytes = isInMemory(result) ? result.bytes : 0;
      const lent = undefined;
      this.#waiting.set(index, { result, index, stem, extension, memoryBytes, isMoving: false, lent });
      this.#events.onHeld(result.bytes);
      this.#early.take(this, memoryBytes);
    }
    return `${stem}.${extension}`;
  }

  pass(index: number): void {
    this.#isPassed[index] = 1;
    if (index === this.#next) this.#goOn();
  }

  moveOut(): void {
    const moving: Early[] = [];
    for (const early of this.#waiting.values())
      if (early.memoryBytes > 0 && !early.isMoving && early.lent === undefined) moving.push(early);
    moving.sort((a, b) => a.index - b.index);
    for (const early of moving) {
      early.isMoving = true;
      this.#leave(early);
    }
    this.#moving = this.#moving.then(() => this.#move(moving)).catch((error: Error) => this.#events.onError(error));
  }

  async close(): Promise<Artifact> {
    // None, unless the unit is left half done.
    const rest = [...this.#waiting.values()].sort((a, b) => a.index - b.index);
    this.#waiting.clear();
    for (const early of rest) this.#hand(early);
    const artifact = await this.#shard.close();
    await this.#end();
    return artifact;
  }

  async offsets(): Promise<readonly number[] | undefined> {
    return this.#shard.offsets?.();
  }

  async abandon(): Promise<void> {
    this.#isOver = true;
    await this.#moving;
    const lost: FetchResult[] = [];
    for (const early of this.#waiting.values()) {
      if (early.lent !== undefined) continue;
      if (!early.isMoving) this.#leave(early);
      lost.push(early.result);
    }
    this.#waiting.clear();
    this.#events.onSettled(lost);
    await this.#shard.abandon();
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#isOver = true;
    await this.#moving;
    await this.#file.close();
  }

  /** Hand on everybody whose turn has come. */
  #goOn(): void {
    for (;;) {
      if (this.#isPassed[this.#next] !== 1) {
        const early = this.#waiting.get(this.#next);
        if (early === undefined) return;
        this.#waiting.delete(this.#next);
        this.#hand(early);
      }
      this.#next += 1;
    }
  }

  #hand(early: Early): void {
    const { result, stem, extension, lent, isMoving } = early;
    if (lent === undefined && !isMoving) this.#leave(early);
    this.#shard.add(result, stem, extension, undefined, lent);
  }

  /** Its body is not held for others any more: somebody writes it, or drops it. */
  #leave({ result, memoryBytes }: Early): void {
    this.#early.give(this, memoryBytes);
    this.#events.onHeld(-result.bytes);
  }

  async #move(moving: readonly Early[]): Promise<void> {
    if (this.#isOver) return;
    const left = moving.filter((early) => this.#isWaiting(early));
    if (left.length === 0) return;
    let at = await this.#file.append(left.flatMap(({ result }) => piecesOf(result)));
    const settled: FetchResult[] = [];
    for (const early of left) {
      const { result } = early;
      // Whose turn came meanwhile is written from memory.
      if (this.#isWaiting(early)) {
        early.lent = this.#file.body(at, result.bytes);
        early.result = { ...result, pieces: [], body: undefined, release: () => {} };
        settled.push(result);
      }
      at += result.bytes;
    }
    this.#events.onSettled(settled);
  }

  #isWaiting(early: Early): boolean {
    return this.#waiting.get(early.index) === early;
  }
}

function isInMemory({ pieces = [], body }: FetchResult): boolean {
  return pieces.length > 0 || body instanceof Uint8Array;
}

function piecesOf({ pieces = [], body }: FetchResult): readonly Uint8Array[] {
  if (pieces.length > 0) return pieces;
  return body instanceof Uint8Array ? [body] : [];
}
