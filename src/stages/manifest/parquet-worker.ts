/**
 * The thread that reads parquet: a damaged page makes parquet-wasm panic, which must cost a thread and not the process,
 * and decoding must not hold up the event loop. Answers ParquetRequests one after the other.
 */
import { parentPort } from 'node:worker_threads';
import type { ParquetAnswer, ParquetRequest } from './parquet-file.ts';
import { type OpenParquet, openParquet } from './parquet-file.ts';

const port = parentPort;
if (port === null) throw new Error('expected to run as a worker thread');

let file: OpenParquet | undefined;
let batches: ReturnType<OpenParquet['read']> | undefined;
let queue = Promise.resolve();

port.on('message', (request: ParquetRequest) => {
  queue = queue
    .then(() => answer(request))
    .then(send, (error: unknown) => send({ op: 'failed', message: String(error) }));
});

async function answer(request: ParquetRequest): Promise<ParquetAnswer> {
  if (request.op === 'open') {
    file = await openParquet(request.path);
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

function send(reply: ParquetAnswer): void {
  const moved = reply.op === 'batch' ? [reply.ipc.buffer as ArrayBuffer] : [];
  port?.postMessage(reply, moved);
}
