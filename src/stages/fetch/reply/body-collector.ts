/**
 * Takes a body as it comes: into memory while it is small and the budget allows, else into a file.
 * Never holds bytes that the budget does not know of, except the one chunk in hand.
 */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { SpilledBody } from '../../../record.ts';
import type { BodyBudget } from './body-memory.ts';

export interface CollectorOptions {
  readonly budget: BodyBudget;
  readonly spillBytes: number;
  readonly spill: { newPath(): string; remove(path: string): Promise<void> };
}

export interface CollectedBody {
  readonly body: Buffer | SpilledBody;
  /** First bytes of it, in memory either way. */
  readonly head: Buffer;
  /** Of bodies that went to disk. */
  readonly sha256?: string;
  /** Bytes of the budget that stay taken until the caller gives them back. */
  readonly reservedBytes: number;
}

/** Steps of unknown-length bodies: small enough to share, large enough to be rare. */
const STEP_BYTES = 256 * 1024;
const HEAD_BYTES = 64 * 1024;

export class BodyCollector {
  readonly #options: CollectorOptions;
  readonly #chunks: Buffer[] = [];
  #reservedBytes: number;
  #bytes = 0;
  #file: { path: string; handle: FileHandle; hash: Hash } | undefined;
  #writing: Promise<void> | undefined;
  #head: Buffer = Buffer.alloc(0);

  /** @param reservedBytes - already taken from the budget for this body */
  constructor(options: CollectorOptions, reservedBytes: number) {
    this.#options = options;
    this.#reservedBytes = reservedBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Take a chunk.
   * @returns a promise while the disk has to catch up: pause the sender until it settles. It rejects when the disk
   * fails.
   */
  add(chunk: Buffer): Promise<void> | undefined {
    this.#bytes += chunk.length;
    this.#chunks.push(chunk);
    if (this.#file === undefined && this.#writing === undefined && this.#fits()) return undefined;
    this.#writing ??= this.#flush().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  /** Whether what has arrived may stay in memory, taking more of the budget as needed. */
  #fits(): boolean {
    if (this.#bytes <= this.#reservedBytes) return true;
    if (this.#bytes > this.#options.spillBytes) return false;
    const more = Math.max(
      Math.min(STEP_BYTES, this.#options.spillBytes - this.#reservedBytes),
      this.#bytes - this.#reservedBytes,
    );
    if (!this.#options.budget.tryTake(more)) return false;
    this.#reservedBytes += more;
    return true;
  }

  async #flush(): Promise<void> {
    if (this.#file === undefined) {
      const path = this.#options.spill.newPath();
      this.#file = { path, handle: await open(path, 'wx'), hash: createHash('sha256') };
    }
    while (this.#chunks.length > 0) {
      const chunks = this.#chunks.splice(0);
      const missing = HEAD_BYTES - this.#head.length;
      if (missing > 0) this.#head = Buffer.concat([this.#head, Buffer.concat(chunks).subarray(0, missing)]);
      for (const chunk of chunks) {
        this.#file.hash.update(chunk);
        // writeFile on a handle goes on until all is written; writev may stop short on a disk that is nearly full.
        await this.#file.handle.writeFile(chunk);
      }
    }
    this.#giveBack(this.#reservedBytes);
  }

  /** The whole body. After a rejection, `discard`. */
  async finish(): Promise<CollectedBody> {
    await this.#writing;
    if (this.#file !== undefined) {
      if (this.#chunks.length > 0) await this.#flush();
      const { path, hash, handle } = this.#file;
      await handle.close();
      return { body: { path, bytes: this.#bytes }, head: this.#head, sha256: hash.digest('hex'), reservedBytes: 0 };
    }
    const body = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#bytes);
    this.#giveBack(this.#reservedBytes - body.length);
    return { body, head: body, reservedBytes: this.#reservedBytes };
  }

  /** Drop everything: budget, memory, file. */
  async discard(): Promise<void> {
    // A failed write has been reported to the caller of add(); here only what it left behind matters.
    await this.#writing?.catch(() => {});
    this.#chunks.length = 0;
    this.#giveBack(this.#reservedBytes);
    if (this.#file === undefined) return;
    const { handle, path } = this.#file;
    this.#file = undefined;
    await handle.close();
    await this.#options.spill.remove(path);
  }

  #giveBack(bytes: number): void {
    if (bytes <= 0) return;
    this.#reservedBytes -= bytes;
    this.#options.budget.give(bytes);
  }
}
