/** The loop that a good programmer writes in an hour: undici's request, one body at a time per lane, one file each. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inLanes, openDispatcher, printResult, readTask, readUrls, targetOf } from './loop-task.ts';

const task = readTask();
const targets = readUrls(task).map(targetOf);
const dispatcher = openDispatcher(task, task.concurrency);
const headersMs = new Float64Array(targets.length);
const hashes: string[] = [];
let bytes = 0;

await inLanes(targets.length, task.concurrency, async (row) => {
  const { origin, path } = targets[row] as (typeof targets)[number];
  const startMs = performance.now();
  // undici types dispatcher.request with the origin apart from the path.
  const { statusCode, body } = await dispatcher.request({ origin, path, method: 'GET' });
  headersMs[row] = performance.now() - startMs;
  if (statusCode !== 200) throw new Error(`${origin}${path}: status ${statusCode}`);
  const content = new Uint8Array(await body.arrayBuffer());
  bytes += content.byteLength;
  if (task.store === 'discard') return;
  if (task.store === 'write and sha256') hashes[row] = createHash('sha256').update(content).digest('hex');
  await writeFile(join(task.out, `${row}.jpg`), content);
});
await dispatcher.close();
printResult(bytes, headersMs);
