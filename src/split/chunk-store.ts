/** Rows that wait for their row group, in memory and above a budget on disk. */
import { appendFile, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordBatch } from 'apache-arrow';
import { encodeBatch, rawBytes } from '../arrow/batch-bytes.ts';
import { runsIn } from '../arrow/picks.ts';
import { RowBuilder } from '../arrow/take.ts';

/** What all files together may keep in memory while their row groups fill; beyond it the fullest ones wait on disk. */
const BUFFER_BYTES = 64 * 1024 * 1024;

/** Rows of one file that wait for their row group to fill: those on disk, as IPC streams, and then those in memory. */
interface Waiting {
  spilledRows: number;
  spilledBytes: number;
  /** Lengths of the streams on disk. */
  spilled: number[];
  held: RowBuilder | undefined;
  heldBytes: number;
}

/** Rows by file, in memory up to a budget and in temporary files above. Waits for nobody but the disk. */
export class ChunkStore {
  readonly #folder: string;
  readonly #budget: number;
  readonly #files: Waiting[];
  readonly #groupRows: number;
  /** Rows that a file is likely to hold when it is encoded or spilled. */
  #expectedRows: number | undefined;
  #heldBytes = 0;

  /** @param groupRows - nothing longer is kept for a file */
  constructor(files: number, folder: string, groupRows: number, budget = BUFFER_BYTES) {
    this.#files = Array.from({ length: files }, nothing);
    this.#folder = folder;
    this.#groupRows = groupRows;
    this.#budget = budget;
  }

  rowsOf(file: number): number {
    const { spilledRows, held } = this.#of(file);
    return spilledRows + (held?.rows ?? 0);
  }

  /** What a file's rows take, on disk and in memory. */
  bytesOf(file: number): number {
    const { spilledBytes, heldBytes } = this.#of(file);
    return spilledBytes + heldBytes;
  }

  /** Append rows of a batch, told by their numbers. Errors: those of the file system. */
  async add(file: number, batch: RecordBatch, rows: Uint32Array): Promise<void> {
    const waiting = this.#of(file);
    this.#expectedRows ??= Math.min(
      this.#groupRows,
      (this.#budget / this.#files.length / rawBytes(batch)) * batch.numRows,
    );
    waiting.held ??= new RowBuilder(batch.schema, this.#expectedRows);
    waiting.held.append([batch], runsIn(rows));
    const { bytes } = waiting.held;
    this.#heldBytes += bytes - waiting.heldBytes;
    waiting.heldBytes = bytes;
    if (this.#heldBytes > this.#budget) await this.#spill();
  }

  /** Everything that waits for a file, in row order, as IPC streams; it waits no longer. */
  async take(file: number): Promise<Uint8Array[]> {
    const { spilled, held } = this.#of(file);
    const chunks = spilled.length === 0 ? [] : await this.#readBack(file);
    if (held !== undefined) chunks.push(encodeBatch(held.finish()));
    this.#heldBytes -= this.#of(file).heldBytes;
    this.#files[file] = nothing();
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
    const fullest = [...this.#files].sort((a, b) => b.heldBytes - a.heldBytes);
    for (const waiting of fullest) {
      if (this.#heldBytes <= this.#budget / 2 || waiting.held === undefined) return;
      const chunk = encodeBatch(waiting.held.finish());
      await appendFile(this.#path(this.#files.indexOf(waiting)), chunk);
      this.#heldBytes -= waiting.heldBytes;
      waiting.spilled.push(chunk.length);
      waiting.spilledRows += waiting.held.rows;
      waiting.spilledBytes += chunk.length;
      waiting.held = undefined;
      waiting.heldBytes = 0;
    }
  }

  /** Each into memory of its own: they are handed to another thread one by one, and alignment matters to Arrow. */
  async #readBack(file: number): Promise<Uint8Array[]> {
    const handle = await open(this.#path(file));
    try {
      const chunks: Uint8Array[] = [];
      for (const length of this.#of(file).spilled) {
        const chunk = new Uint8Array(length);
        const { bytesRead } = await handle.read(chunk, 0, length);
        if (bytesRead < length) throw new Error(`${this.#path(file)} is shorter than what was written to it`);
        chunks.push(chunk);
      }
      return chunks;
    } finally {
      await handle.close();
      await rm(this.#path(file));
    }
  }
}

function nothing(): Waiting {
  return { spilledRows: 0, spilledBytes: 0, spilled: [], held: undefined, heldBytes: 0 };
}
