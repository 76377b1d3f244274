/**
 * Takes a body as it comes: into memory while it is small and the budget allows, else into a file.
 * Never holds bytes that the budget does not know of, except the one chunk in hand.
 */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { type ImageFacts, ImageReader } from '../../../image/image-reader.ts';
import { patiently } from '../../../open-files.ts';
import type { SpilledBody } from '../../../record.ts';
import type { BodyBudget, SpillFolder } from './body-memory.ts';

export interface CollectorOptions {
  readonly budget: BodyBudget;
  readonly spillBytes: number;
  readonly spill: Pick<SpillFolder, 'newPath' | 'remove' | 'enter' | 'leave' | 'guard'>;
}

export interface CollectedBody {
  /** The body in memory, as it came; empty when it is in a file. */
  readonly pieces: readonly Buffer[];
  /** The file that holds it, if one does. */
  readonly spilled: SpilledBody | undefined;
  readonly size: number;
  /** First bytes of a body that went to disk. */
  readonly head: Buffer | undefined;
  /** Of bodies that went to disk. */
  readonly sha256: string | undefined;
  /** Of bodies that went to disk, if they are one: it was read on the way there. */
  readonly image: ImageFacts | undefined;
  /** Bytes of the budget that stay taken until the caller gives them back. */
  readonly reservedBytes: number;
}

/** The first `bytes` of a body, or all of it when it is shorter; copied only when they lie in several pieces. */
export function headOf({ pieces, head }: CollectedBody, bytes: number): Buffer {
  if (head !== undefined) return head.subarray(0, bytes);
  const [first = EMPTY] = pieces;
  if (pieces.length <= 1 || first.length >= bytes) return first.subarray(0, bytes);
  const needed: Buffer[] = [];
  let have = 0;
  for (const piece of pieces) {
    needed.push(piece);
    have += piece.length;
    if (have >= bytes) break;
  }
  return Buffer.concat(needed).subarray(0, bytes);
}

const EMPTY = Buffer.alloc(0);

/** Steps of unknown-length bodies: small enough to share, large enough to be rare. */
const STEP_BYTES = 256 * 1024;
/** Enough to see what it is. */
const HEAD_BYTES = 8 * 1024;

interface SpillFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly hash: Hash;
  readonly image: ImageReader;
  isOpen: boolean;
}

export class BodyCollector {
  readonly #options: CollectorOptions;
  readonly #chunks: Buffer[] = [];
  #reservedBytes: number;
  #bytes = 0;
  #file: SpillFile | undefined;
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
    this.#writing ??= this.#options.spill
      .guard(() => this.#flush())
      .finally(() => {
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
      this.#file = await this.#open();
    }
    while (this.#chunks.length > 0) {
      const chunks = this.#chunks.splice(0);
      const missing = HEAD_BYTES - this.#head.length;
      if (missing > 0) this.#head = Buffer.concat([this.#head, Buffer.concat(chunks).subarray(0, missing)]);
      for (const chunk of chunks) {
        this.#file.hash.update(chunk);
        this.#file.image.add(chunk);
        // writeFile on a handle goes on until all is written; writev may stop short on a disk that is nearly full.
        await this.#file.handle.writeFile(chunk);
      }
    }
    this.#giveBack(this.#reservedBytes);
  }

  /** Waits for its turn, and for a machine that is short of files: neither is the body's fault. */
  async #open(): Promise<SpillFile> {
    const { spill } = this.#options;
    await spill.enter();
    try {
      const path = spill.newPath();
      const handle = await patiently(() => open(path, 'wx'));
      return { path, handle, hash: createHash('sha256'), image: new ImageReader(), isOpen: true };
    } catch (error) {
      spill.leave();
      throw error;
    }
  }

  async #close(file: SpillFile): Promise<void> {
    if (!file.isOpen) return;
    file.isOpen = false;
    try {
      await file.handle.close();
    } finally {
      this.#options.spill.leave();
    }
  }

  /** The whole body, if it is in memory. */
  finishInMemory(): CollectedBody | undefined {
    if (this.#file !== undefined || this.#writing !== undefined) return undefined;
    this.#giveBack(this.#reservedBytes - this.#bytes);
    const held = { size: this.#bytes, reservedBytes: this.#reservedBytes };
    const nothing = { spilled: undefined, head: undefined, sha256: undefined, image: undefined };
    return { pieces: this.#chunks, ...nothing, ...held };
  }

  /** The whole body. After a rejection, `discard`. */
  async finish(): Promise<CollectedBody> {
    await this.#writing;
    const inMemory = this.finishInMemory();
    if (inMemory !== undefined || this.#file === undefined) return inMemory as CollectedBody;
    const { spill } = this.#options;
    if (this.#chunks.length > 0) await spill.guard(() => this.#flush());
    const { path, hash, image } = this.#file;
    const file = this.#file;
    await spill.guard(() => this.#close(file));
    const size = this.#bytes;
    const spilled = { path, bytes: size };
    const found = { head: this.#head, sha256: hash.digest('hex'), image: image.end() };
    return { pieces: [], spilled, size, ...found, reservedBytes: 0 };
  }

  /** Drop everything: budget, memory, file. */
  async discard(): Promise<void> {
    // A failed write has been reported to the caller of add(); here only what it left behind matters.
    await this.#writing?.catch(() => {});
    this.#chunks.length = 0;
    this.#giveBack(this.#reservedBytes);
    if (this.#file === undefined) return;
    const file = this.#file;
    this.#file = undefined;
    const { spill } = this.#options;
    await spill.guard(() => this.#close(file));
    await spill.remove(file.path);
  }

  #giveBack(bytes: number): void {
    if (bytes <= 0) return;
    this.#reservedBytes -= bytes;
    this.#options.budget.give(bytes);
  }
}
