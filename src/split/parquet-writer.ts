/** One parquet file, appended to as its row groups fill. */
import { appendFileSync } from 'node:fs';
import {
  Compression,
  Table,
  transformParquetStream,
  type WriterProperties,
  WriterPropertiesBuilder,
} from 'parquet-wasm';

export interface ParquetShape {
  /** Rows in one row group; the writer holds next to nothing whenever it was given a multiple of them. */
  readonly groupRows: number;
  /** Columns with few repetitions, for which a dictionary costs time and saves nothing. */
  readonly plainColumns: readonly string[];
}

/** A group that turns out larger is closed early: what the writer holds must not follow the longest row. */
const MAX_GROUP_BYTES = 64 * 1024 * 1024;

/** One parquet file, zstd, appended to as its row groups fill. No file stays open between two writes. */
export class ParquetWriter {
  readonly #path: string;
  readonly #failed: Promise<never>;
  readonly #finished: Promise<void>;
  #source: ReadableStreamDefaultController<unknown> | undefined;
  /** Resolves when the encoder is done with what it got. */
  #hungry: Promise<void>;
  #wake: () => void = () => {};

  constructor(path: string, shape: ParquetShape) {
    this.#path = path;
    this.#hungry = this.#untilAsked();
    const batches = new ReadableStream<unknown>(
      {
        start: (controller) => {
          this.#source = controller;
        },
        // Answered at once: batches are enqueued later, and one at a time, so that a second call means that the first
        // is used up.
        pull: () => this.#wake(),
      },
      { highWaterMark: 0 },
    );
    this.#finished = this.#append(batches, shape);
    this.#failed = this.#finished.then(() => new Promise<never>(() => {}));
    // Whoever writes or closes next is told.
    this.#failed.catch(() => {});
  }

  /** @param ipc - IPC streams of one batch each, of the same columns */
  async write(ipc: Iterable<Uint8Array>): Promise<void> {
    for (const bytes of ipc) {
      const table = Table.fromIPCStream(bytes);
      for (const batch of table.recordBatches()) {
        await Promise.race([this.#hungry, this.#failed]);
        this.#hungry = this.#untilAsked();
        this.#source?.enqueue(batch);
      }
      table.free();
    }
    await Promise.race([this.#hungry, this.#failed]);
  }

  async close(): Promise<void> {
    await Promise.race([this.#hungry, this.#failed]);
    this.#source?.close();
    await this.#finished;
  }

  #untilAsked(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  async #append(batches: ReadableStream<unknown>, shape: ParquetShape): Promise<void> {
    const parquet = await transformParquetStream(batches, properties(shape));
    const reader = parquet.getReader();
    while (await this.#appendNext(reader));
  }

  /**
   * A function of its own: a loop that waits for more keeps its last chunk, a row group, of every file that is open
   * (206 MB of 128).
   */
  async #appendNext(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<boolean> {
    const { done, value } = await reader.read();
    if (!done) appendFileSync(this.#path, value);
    return !done;
  }
}

function properties({ groupRows, plainColumns }: ParquetShape): WriterProperties {
  let builder = new WriterPropertiesBuilder()
    .setCompression(Compression.ZSTD)
    .setMaxRowGroupSize(groupRows)
    .setMaxRowGroupBytes(MAX_GROUP_BYTES)
    .setCreatedBy('flow-dc');
  for (const column of plainColumns) builder = builder.setColumnDictionaryEnabled(column, false);
  return builder.build();
}
