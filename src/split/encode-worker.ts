/** A thread that encodes parquet: several of them share the files. Answers EncodeRequests one after the other. */
import { appendFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
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

/** What the main thread and an encoding thread say to each other. Every request gets one answer, in order. */
export type EncodeRequest =
  | { readonly op: 'write'; readonly path: string; readonly ipc: readonly Uint8Array[]; readonly shape: ParquetShape }
  | { readonly op: 'close'; readonly path: string };

/** `errno` as `ENOSPC` where the file system said no. */
export type EncodeAnswer =
  | { readonly op: 'done' }
  | { readonly op: 'failed'; readonly message: string; readonly errno?: string | undefined };

/** A group that turns out larger is closed early: what the writer holds must not follow the longest row. */
const MAX_GROUP_BYTES = 64 * 1024 * 1024;

/** One parquet file, zstd, appended to as its row groups fill. No file stays open between two writes. */
class ParquetWriter {
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

const port = parentPort;
if (port === null) throw new Error('expected to run as a worker thread');

const writers = new Map<string, ParquetWriter>();
let queue = Promise.resolve();

port.on('message', (request: EncodeRequest) => {
  queue = queue
    .then(() => answer(request))
    .then(
      () => send({ op: 'done' }),
      (error: NodeJS.ErrnoException) =>
        send({
          op: 'failed',
          message: String(error.message ?? error),
          errno: error.code,
        }),
    );
});

async function answer(request: EncodeRequest): Promise<void> {
  const { path } = request;
  if (request.op === 'close') {
    await writers.get(path)?.close();
    writers.delete(path);
    return;
  }
  let writer = writers.get(path);
  if (writer === undefined) {
    writer = new ParquetWriter(path, request.shape);
    writers.set(path, writer);
  }
  await writer.write(request.ipc);
}

function send(reply: EncodeAnswer): void {
  port?.postMessage(reply);
}
