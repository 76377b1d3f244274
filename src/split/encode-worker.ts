/** A thread that encodes parquet: several of them share the files. Answers EncodeRequests one after the other. */
import { parentPort } from 'node:worker_threads';
import type { EncodeAnswer, EncodeRequest } from './encode-protocol.ts';
import { ParquetWriter } from './parquet-writer.ts';

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
          ...(error.code === undefined ? {} : { errno: error.code }),
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
