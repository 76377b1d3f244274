/** The parquet thread seen from the main thread. */
import type { Worker } from 'node:worker_threads';
import { type RecordBatch, RecordBatchReader, type Schema } from 'apache-arrow';
import { memoryError } from '../../address-space.ts';
import { decodeBatch } from '../../arrow/batch-bytes.ts';
import { FlowDcError, isFlowDcError } from '../../errors.ts';
import { startThread } from '../../start-thread.ts';
import { checkNames } from './bounds.ts';
import { isRemote, type ReadableSource } from './file-source.ts';
import { CheckedText, lostByType, settledSchema } from './parquet-columns.ts';
import type { ParquetAnswer, ParquetBytes, ParquetQuestion, ParquetRequest } from './parquet-file.ts';
import type { LostColumn } from './parquet-footer.ts';
import type { RemoteParts } from './remote/remote-file.ts';

/** Batches asked for before the first of them is used. */
const AHEAD = 2;

export interface ParquetHead {
  readonly schema: Schema;
  readonly rows: number;
  readonly rowGroupBytes: number;
  readonly rowBytes: number;
  /** Columns that are UUIDs, of those that are not nested. */
  readonly uuids: readonly string[];
  /** Columns that are not read, which are null. */
  readonly lost: readonly LostColumn[];
}

interface Waiter {
  resolve(answer: ParquetAnswer): void;
  reject(error: Error): void;
}

/**
 * Reads parquet files in a thread of its own, one at a time; the thread starts with the first file. After an error the
 * thread is gone. Close it when done.
 */
export class ParquetThread {
  #worker: Worker | undefined;
  #waiting: Waiter[] = [];
  #broken: Error | undefined;
  /** The file that is open, where it is behind a URL, and why it could not be read. */
  #remote: RemoteParts | undefined;
  #fault: Error | undefined;
  readonly #stop = new AbortController();

  /** The footer's facts. FDC_ERR_MANIFEST_CORRUPT when it is cut off or damaged, _TOO_WIDE beyond the bounds. */
  async head(source: ReadableSource): Promise<ParquetHead> {
    const head = await this.#open(source);
    await this.#ask({ op: 'close' });
    return head;
  }

  /**
   * All rows in batches of at most 8192. FDC_ERR_MANIFEST_CORRUPT where a page is damaged; what came before is good.
   * Those that are not read are left out.
   * @param wanted - read only these of the file's columns; one of them has to be there
   * @param warn - told what is odd about the text in them
   */
  async *batches(
    source: ReadableSource,
    wanted: readonly string[] | undefined,
    warn: (message: string) => void,
  ): AsyncGenerator<RecordBatch, void> {
    const { rows: total, schema, texts, lost } = await this.#open(source);
    const text = new CheckedText(source.name, texts, warn);
    // An unknown name would make parquet-wasm panic.
    const there = schema.fields.map(({ name }) => name).filter((name) => !lost.some((one) => one.name === name));
    const isAll = wanted === undefined && there.length === schema.fields.length;
    const columns = isAll ? undefined : there.filter((name) => wanted?.includes(name) !== false);
    const request: ParquetRequest = { op: 'next', columns };
    let rows = 0;
    const ahead: Promise<ParquetAnswer>[] = [];
    try {
      for (;;) {
        while (ahead.length < AHEAD) ahead.push(settled(this.#ask(request)));
        const answer = await (ahead.shift() as Promise<ParquetAnswer>);
        if (answer.op !== 'batch') break;
        const batch = decodeBatch(answer.ipc);
        yield text.checked(batch, rows);
        rows += batch.numRows;
      }
    } catch (error) {
      if (isFlowDcError(error)) throw error;
      if (this.#fault !== undefined) throw this.#fault;
      throw corrupt(source.name, `${pageFault(error)} after row ${rows} of ${total}`, error);
    } finally {
      void settled(this.#ask({ op: 'close' }));
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#fail(new Error('the parquet reader was closed'));
    await this.#worker?.terminate();
  }

  async #open(source: ReadableSource): Promise<ParquetHead & { readonly texts: readonly string[] }> {
    const { name } = source;
    this.#remote = isRemote(source) ? source.remote : undefined;
    try {
      const at = isRemote(source) ? { bytes: source.remote.bytes } : { path: source.path };
      const answer = await this.#ask({ op: 'open', ...at });
      if (answer.op !== 'opened') throw new Error(`unexpected answer ${answer.op}`);
      const { schema: ipc, leaves, texts, ...summary } = answer.summary;
      checkNames(name, [], leaves);
      const { schema: stored } = RecordBatchReader.from(ipc).open();
      const names = stored.fields.map(({ name }) => name);
      checkNames(name, names, names.length);
      const lost = [...summary.lost, ...lostByType(stored)];
      return { ...summary, lost, texts, schema: settledSchema(stored, texts, lost) };
    } catch (error) {
      if (isFlowDcError(error)) throw error;
      if (this.#fault !== undefined) throw this.#fault;
      throw corrupt(name, `its footer cannot be read (${plainMessage(error)})`, error);
    }
  }

  async #ask(request: ParquetRequest): Promise<ParquetAnswer> {
    if (this.#broken !== undefined) throw this.#broken;
    this.#worker ??= this.#start();
    const answer = await new Promise<ParquetAnswer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker?.postMessage(request);
    });
    if (answer.op === 'failed') throw memoryError(new Error(answer.message));
    return answer;
  }

  #start(): Worker {
    const worker = startThread(new URL('./parquet-worker.ts', import.meta.url));
    worker.on('message', (answer: ParquetAnswer | ParquetQuestion) => {
      if (answer.op === 'read') this.#bring(worker, answer);
      else this.#waiting.shift()?.resolve(answer);
    });
    worker.on('error', (error) => this.#fail(memoryError(error)));
    worker.on('exit', () => this.#fail(new Error('the parquet thread ended')));
    return worker;
  }

  /** The thread has no connections of its own. */
  #bring(worker: Worker, { id, start, end }: ParquetQuestion): void {
    const reading = this.#remote?.read(start, end, this.#stop.signal) ?? Promise.reject(new Error('no file is open'));
    reading.then(
      ({ buffer, byteOffset, byteLength }) => {
        const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
        worker.postMessage({ op: 'bytes', id, bytes } satisfies ParquetBytes, [bytes.buffer]);
      },
      (error: Error) => {
        this.#fault ??= error;
        worker.postMessage({ op: 'bytes', id, bytes: undefined } satisfies ParquetBytes);
      },
    );
  }

  #fail(error: Error): void {
    this.#broken ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#broken);
  }
}

/** Answers that nobody may come to await must not count as unhandled rejections. */
function settled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

function corrupt(name: string, what: string, cause: unknown): FlowDcError {
  return new FlowDcError('FDC_ERR_MANIFEST_CORRUPT', `${name} is damaged: ${what}; copy or download it again`, {
    cause,
  });
}

/** A damaged page makes parquet-wasm run into a WebAssembly trap, whose message says nothing. */
function pageFault(error: unknown): string {
  return error instanceof Error && error.name === 'RuntimeError'
    ? 'a page cannot be decoded, or unpacks to more than can be held'
    : `reading failed (${plainMessage(error)})`;
}

function plainMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/^(?:Error: )+/, '')
    .replace(/\s+/g, ' ')
    .slice(0, 200);
}
