/** The encoding threads seen from the main thread. */
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { destinationError } from '../destination/destination.ts';
import { startThread } from '../start-thread.ts';
import { WaitList } from '../structures/wait-list.ts';
import type { EncodeAnswer, EncodeRequest, ParquetShape } from './encode-worker.ts';

/** More threads than that the gathering thread cannot feed (measured: it gathers what four encode). */
const MAX_THREADS = 4;
/** Row groups that wait for a thread beside the one it works on: keeps it busy, bounds what is held. */
const MAX_WAITING = 2;

/** Threads that encode parquet files; a file stays with one of them. The threads start with their first file. */
export class Encoder {
  readonly #threads: EncodeThread[];

  constructor(files: number) {
    // One core for reading and gathering.
    const threads = Math.max(1, Math.min(MAX_THREADS, files, availableParallelism() - 1));
    this.#threads = Array.from({ length: threads }, () => new EncodeThread());
  }

  /**
   * Append rows to a file; resolves as soon as there is room for more. The bytes are gone afterwards.
   * Errors of this or any write before it: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO.
   */
  async write(file: number, path: string, ipc: readonly Uint8Array[], shape: ParquetShape): Promise<void> {
    await this.#threadOf(file).ask({ op: 'write', path, ipc, shape });
  }

  /** Finish a file; errors as `write`. Resolves as soon as there is room for more: `settle` waits for all. */
  async close(file: number, path: string): Promise<void> {
    await this.#threadOf(file).ask({ op: 'close', path });
  }

  /** Everything that was asked is done. */
  async settle(): Promise<void> {
    for (const thread of this.#threads) await thread.settle();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }

  #threadOf(file: number): EncodeThread {
    return this.#threads[file % this.#threads.length] as EncodeThread;
  }
}

class EncodeThread {
  #worker: Worker | undefined;
  #waiting = 0;
  #failure: Error | undefined;
  /** Those who wait for an answer, or the end, of the thread. */
  readonly #callers = new WaitList();

  async ask(request: EncodeRequest): Promise<void> {
    await this.#until(MAX_WAITING);
    // It may have been stopped since.
    if (this.#failure !== undefined) throw this.#failure;
    this.#waiting++;
    this.#worker ??= this.#start(request.path);
    const moved = request.op === 'write' ? request.ipc.map(({ buffer }) => buffer as ArrayBuffer) : [];
    this.#worker.postMessage(request, moved);
  }

  async settle(): Promise<void> {
    await this.#until(0);
  }

  async stop(): Promise<void> {
    // Nothing is begun any more, and nobody waits for ever.
    this.#failure ??= new Error('the encoder was stopped');
    this.#callers.wakeAll();
    await this.#worker?.terminate();
  }

  async #until(most: number): Promise<void> {
    while (this.#waiting > most && this.#failure === undefined) await this.#callers.wait();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #start(path: string): Worker {
    const worker = startThread(new URL('./encode-worker.ts', import.meta.url));
    worker.on('message', (answer: EncodeAnswer) => {
      this.#waiting--;
      if (answer.op === 'failed')
        this.#failure ??= destinationError(Object.assign(new Error(answer.message), { code: answer.errno }), path);
      this.#callers.wakeAll();
    });
    const fail = (error: Error): void => {
      this.#failure ??= destinationError(error, path);
      this.#callers.wakeAll();
    };
    worker.on('error', fail);
    worker.on('exit', () => fail(new Error('the encoding thread ended')));
    return worker;
  }
}
