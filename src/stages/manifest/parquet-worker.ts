/**
 * The thread that reads parquet: a damaged page makes parquet-wasm panic, which must cost a thread and not the process,
 * and decoding must not hold up the event loop. Answers ParquetRequests one after the other.
 */
import { parentPort } from 'node:worker_threads';
import type { ParquetAnswer, ParquetBytes, ParquetQuestion, ParquetRequest } from './parquet-file.ts';
import { type OpenParquet, openParquet } from './parquet-file.ts';
import { RangeCache } from './range-cache.ts';

const port = parentPort;
if (port === null) throw new Error('expected to run as a worker thread');

let file: OpenParquet | undefined;
let batches: ReturnType<OpenParquet['read']> | undefined;
let queue = Promise.resolve();

/** Questions that wait for their answer, by id. */
const asked = new Map<number, { resolve(bytes: Uint8Array): void; reject(error: Error): void }>();
let questions = 0;

port.on('message', (request: ParquetRequest | ParquetBytes) => {
  if (request.op === 'bytes') return settle(request);
  queue = queue
    .then(() => answer(request))
    .then(send, (error: unknown) => send({ op: 'failed', message: String(error) }));
});

async function answer(request: ParquetRequest): Promise<ParquetAnswer> {
  if (request.op === 'open') {
    file = await openParquet('path' in request ? request.path : new RangeCache(request.bytes, ask));
    return { op: 'opened', summary: file.summary };
  }
  if (request.op === 'close') {
    file?.close();
    file = undefined;
    batches = undefined;
    return { op: 'closed' };
  }
  batches ??= file?.read(request.columns);
  const next = await batches?.next();
  return next === undefined || next.done ? { op: 'end' } : { op: 'batch', ipc: next.value };
}

function ask(start: number, end: number): Promise<Uint8Array> {
  const id = questions++;
  return new Promise((resolve, reject) => {
    asked.set(id, { resolve, reject });
    port?.postMessage({ op: 'read', id, start, end } satisfies ParquetQuestion);
  });
}

function settle({ id, bytes }: ParquetBytes): void {
  const waiter = asked.get(id);
  asked.delete(id);
  if (bytes === undefined) waiter?.reject(new Error('the bytes cannot be had'));
  else waiter?.resolve(bytes);
}

function send(reply: ParquetAnswer): void {
  const moved = reply.op === 'batch' ? [reply.ipc.buffer as ArrayBuffer] : [];
  port?.postMessage(reply, moved);
}
