/** The rows of one thread of the floor, from the request to the file. */
import { createHash, type Hash } from 'node:crypto';
import type { Dispatcher } from 'undici';
import type { Target } from './loop-task.ts';
import { TarShard } from './tar-shard.ts';

/** No new request above this many bytes that wait for the disk. */
const MAX_PENDING_BYTES = 64 << 20;

/** All rows of one thread: so many requests in flight, one file. */
export class FloorRun {
  readonly headersMs: Float64Array;
  readonly hashes: string[] = [];
  bytes = 0;
  readonly shard: TarShard;
  readonly #dispatcher: Dispatcher;
  readonly #targets: readonly Target[];
  #next = 0;
  #ended = 0;
  /** Lanes that wait for the disk. */
  #parked = 0;
  readonly #done: Promise<void>;
  #resolve: () => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(dispatcher: Dispatcher, targets: readonly Target[], path: string) {
    this.#dispatcher = dispatcher;
    this.#targets = targets;
    this.headersMs = new Float64Array(targets.length);
    this.shard = new TarShard(path, (error) => this.#onWritten(error));
    this.#done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  async drain(lanes: number): Promise<void> {
    for (let lane = 0; lane < lanes; lane++) this.#send();
    if (this.#targets.length > 0) await this.#done;
    await this.shard.close();
  }

  fail(error: Error): void {
    this.#reject(error);
  }

  end(): void {
    this.#ended += 1;
    if (this.#ended === this.#targets.length) this.#resolve();
    else if (this.shard.pendingBytes > MAX_PENDING_BYTES) this.#parked += 1;
    else this.#send();
  }

  #send(): void {
    const row = this.#next;
    const target = this.#targets[row];
    if (target === undefined) return;
    this.#next += 1;
    this.#dispatcher.dispatch({ ...target, method: 'GET' }, new Row(this, row));
  }

  #onWritten(error: Error | null): void {
    if (error !== null) return this.fail(error);
    for (; this.#parked > 0 && this.shard.pendingBytes <= MAX_PENDING_BYTES; this.#parked -= 1) this.#send();
  }
}

/** One request and what has arrived of its body. */
class Row implements Dispatcher.DispatchHandler {
  readonly #run: FloorRun;
  readonly #row: number;
  readonly #hash: Hash = createHash('sha256');
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #startMs = 0;

  constructor(run: FloorRun, row: number) {
    this.#run = run;
    this.#row = row;
  }

  onRequestStart(): void {
    this.#startMs = performance.now();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#run.headersMs[this.#row] = performance.now() - this.#startMs;
    if (status !== 200) this.#run.fail(new Error(`row ${this.#row}: status ${status}`));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#hash.update(chunk);
    this.#chunks.push(chunk);
    this.#bytes += chunk.byteLength;
  }

  onResponseEnd(): void {
    const run = this.#run;
    run.hashes.push(this.#hash.digest('hex'));
    run.shard.add(`${String(this.#row).padStart(10, '0')}.jpg`, this.#chunks, this.#bytes);
    run.bytes += this.#bytes;
    run.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#run.fail(error);
  }
}
