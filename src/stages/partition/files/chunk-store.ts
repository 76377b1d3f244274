import { appendFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** What all files together may keep in memory while their row groups fill; beyond it the fullest ones wait on disk. */
const BUFFER_BYTES = 128 * 1024 * 1024;

/** Rows of one file that wait for their row group to fill, as IPC streams in row order: those on disk first. */
interface Waiting {
  rows: number;
  bytes: number;
  spilled: number[];
  held: Uint8Array[];
  heldBytes: number;
}

/** Encoded rows by file, in memory up to a budget and in temporary files above. Waits for nobody but the disk. */
export class ChunkStore {
  readonly #folder: string;
  readonly #budget: number;
  readonly #files: Waiting[];
  #heldBytes = 0;
  #spilledBytes = 0;

  constructor(files: number, folder: string, budget = BUFFER_BYTES) {
    this.#files = Array.from({ length: files }, () => ({ rows: 0, bytes: 0, spilled: [], held: [], heldBytes: 0 }));
    this.#folder = folder;
    this.#budget = budget;
  }

  /** Bytes that went to disk so far. */
  get spilledBytes(): number {
    return this.#spilledBytes;
  }

  rowsOf(file: number): number {
    return this.#of(file).rows;
  }

  bytesOf(file: number): number {
    return this.#of(file).bytes;
  }

  /** Errors: those of the file system. */
  async add(file: number, rows: number, ipc: Uint8Array): Promise<void> {
    const waiting = this.#of(file);
    waiting.rows += rows;
    waiting.bytes += ipc.length;
    waiting.held.push(ipc);
    waiting.heldBytes += ipc.length;
    this.#heldBytes += ipc.length;
    if (this.#heldBytes > this.#budget) await this.#spill();
  }

  /** Everything that waits for a file, in row order; it waits no longer. */
  async take(file: number): Promise<Uint8Array[]> {
    const waiting = this.#of(file);
    const chunks = waiting.spilled.length === 0 ? waiting.held : [...(await this.#readBack(file)), ...waiting.held];
    this.#heldBytes -= waiting.heldBytes;
    Object.assign(waiting, { rows: 0, bytes: 0, spilled: [], held: [], heldBytes: 0 });
    return chunks;
  }

  #of(file: number): Waiting {
    return this.#files[file] as Waiting;
  }

  #path(file: number): string {
    return join(this.#folder, `${file}.arrows`);
  }

  /** The fullest first, down to half the budget: few and long appends. */
  async #spill(): Promise<void> {
    const fullest = [...this.#files.keys()].sort((a, b) => this.#of(b).heldBytes - this.#of(a).heldBytes);
    for (const file of fullest) {
      if (this.#heldBytes <= this.#budget / 2) return;
      const waiting = this.#of(file);
      await appendFile(this.#path(file), Buffer.concat(waiting.held));
      waiting.spilled.push(...waiting.held.map(({ length }) => length));
      this.#spilledBytes += waiting.heldBytes;
      this.#heldBytes -= waiting.heldBytes;
      waiting.held = [];
      waiting.heldBytes = 0;
    }
  }

  async #readBack(file: number): Promise<Uint8Array[]> {
    const bytes = await readFile(this.#path(file));
    await rm(this.#path(file));
    let end = 0;
    // Copies: chunks are handed to another thread one by one, and alignment matters to Arrow.
    return this.#of(file).spilled.map((length) => {
      end += length;
      return new Uint8Array(bytes.subarray(end - length, end));
    });
  }
}
