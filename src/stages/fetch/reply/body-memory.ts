/** Memory and disk for bodies: one pool of bytes for the process, and the folder of those that are too large for it. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { destinationError, errnoOf } from '../../../destination/destination.ts';
import { isShortage } from '../../../open-files.ts';

/**
 * One pool of bytes for all bodies of the process. Whoever knows a body's length reserves all of it before reading, so
 * nobody holds a part and waits for the rest; whoever does not, takes what is free or goes to disk. Hence no deadlock.
 */
export class BodyBudget {
  #capacityBytes: number;
  /** Below 0 while more is held than there is room for since a change. */
  #freeBytes: number;
  readonly #waiting: { bytes: number; grant: () => void }[] = [];
  /** Told while somebody has to wait, whenever that may be somebody else. */
  onWait: (() => void) | undefined;

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
    this.#freeBytes = capacityBytes;
  }

  get capacityBytes(): number {
    return this.#capacityBytes;
  }

  /** There are so many bytes from now on; at least as many as anybody ever takes at once. */
  resize(capacityBytes: number): void {
    this.#freeBytes += capacityBytes - this.#capacityBytes;
    this.#capacityBytes = capacityBytes;
    this.#serve();
  }

  get usedBytes(): number {
    return this.#capacityBytes - this.#freeBytes;
  }

  /** What the first of those who wait needs at once. */
  get wantedBytes(): number {
    return this.#waiting[0]?.bytes ?? 0;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Take `bytes` now if they are free and nobody waits ahead. */
  tryTake(bytes: number): boolean {
    if (this.#waiting.length > 0 || bytes > this.#freeBytes) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  /**
   * Take `bytes` when they become free, first come first served.
   * @returns cancel: leaves the line; no effect once granted
   */
  take(bytes: number, grant: () => void): () => void {
    if (bytes > this.#capacityBytes)
      throw new RangeError(`budget of ${this.#capacityBytes} bytes can never grant ${bytes}`);
    const entry = { bytes, grant };
    this.#waiting.push(entry);
    this.#serve();
    return () => {
      const at = this.#waiting.indexOf(entry);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      this.#serve();
    };
  }

  give(bytes: number): void {
    this.#freeBytes += bytes;
    if (this.#freeBytes > this.#capacityBytes) throw new RangeError('budget: more bytes given back than taken');
    this.#serve();
  }

  #serve(): void {
    for (
      let first = this.#waiting[0];
      first !== undefined && first.bytes <= this.#freeBytes;
      first = this.#waiting[0]
    ) {
      this.#waiting.shift();
      this.#freeBytes -= first.bytes;
      first.grant();
    }
    if (this.#waiting.length > 0) this.onWait?.();
  }
}

export class SpillFolder {
  readonly #given: string | undefined;
  readonly #files = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #slots: number;
  #folder: string | undefined;
  #isClosed = false;

  /**
   * @param given - a folder of the caller's; without one, a fresh one in the system's temporary folder, removed at the
   * end
   * @param maxOpen - files that are open at a time
   */
  constructor(given: string | undefined, maxOpen = Number.POSITIVE_INFINITY) {
    this.#given = given;
    this.#slots = maxOpen;
  }

  /** Resolves when another file may be opened; `leave` when it is closed. */
  async enter(): Promise<void> {
    if (this.#slots <= 0) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#slots -= 1;
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#slots += 1;
    else next();
  }

  /**
   * Do something with a file of the folder. A machine that is short of files rejects as it does.
   * Errors: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO.
   */
  async guard<T>(work: () => Promise<T> | T): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isShortage(error) || errnoOf(error) === undefined) throw error;
      throw destinationError(error, `large bodies in ${this.#folder ?? this.#given ?? tmpdir()}`);
    }
  }

  /** A path nobody else uses. Makes the folder on first use; throws when it cannot. */
  newPath(): string {
    if (this.#folder === undefined) {
      if (this.#given !== undefined) mkdirSync(this.#given, { recursive: true });
      this.#folder = this.#given ?? mkdtempSync(join(tmpdir(), 'flow-dc-'));
    }
    const path = join(this.#folder, `${randomBytes(8).toString('hex')}.body`);
    this.#files.add(path);
    return path;
  }

  /** Remove one file. It need not be there any more: a sink may have moved it into place. */
  async remove(path: string): Promise<void> {
    await this.guard(() => rm(path, { force: true }));
    this.#files.delete(path);
    await this.#removeIfDone();
  }

  /** No more files will come. The folder goes with the last one. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#removeIfDone();
  }

  async #removeIfDone(): Promise<void> {
    if (!this.#isClosed || this.#files.size > 0 || this.#given !== undefined || this.#folder === undefined) return;
    const folder = this.#folder;
    this.#folder = undefined;
    await rm(folder, { recursive: true, force: true });
  }
}
