/**
 * The floor: the same rows with nothing but what cannot be left out. undici's dispatch, sha256 while chunks arrive, a
 * tar header, chunks that are never joined, gathered writes of 1 MiB and more, one fsync. In one thread or several, each
 * with connections and a file of its own.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { FloorRun } from './floor-run.ts';
import { type LoopTask, openDispatcher, printResult, readTask, readUrls, targetOf } from './loop-task.ts';

interface Part {
  readonly bytes: number;
  readonly headersMs: Float64Array;
}

if (isMainThread) await main(readTask());
else parentPort?.postMessage(await runPart(readTask(), workerData as number));

async function main(task: LoopTask): Promise<void> {
  const parts =
    task.threads === 1
      ? [await runPart(task, 0)]
      : await Promise.all(Array.from({ length: task.threads }, (_, thread) => inThread(thread)));
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  printResult(bytes, Float64Array.from(parts.flatMap(({ headersMs }) => [...headersMs])));
}

async function inThread(thread: number): Promise<Part> {
  const worker = new Worker(fileURLToPath(import.meta.url), { argv: process.argv.slice(2), workerData: thread });
  const [part] = await once(worker, 'message');
  return part as Part;
}

/** Every `threads`th row from `thread` on. */
async function runPart(task: LoopTask, thread: number): Promise<Part> {
  const targets = readUrls(task)
    .filter((_, row) => row % task.threads === thread)
    .map(targetOf);
  const lanes = Math.max(1, Math.ceil(task.concurrency / task.threads));
  const dispatcher = openDispatcher(task, lanes);
  const run = new FloorRun(dispatcher, targets, join(task.out, `${thread}.tar`));
  await run.drain(lanes);
  await dispatcher.close();
  return { bytes: run.bytes, headersMs: run.headersMs };
}
