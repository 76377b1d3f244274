/** The loop that most people write first: fetch, behind p-limit, and a file for each body. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { printResult, readTask, readUrls } from './loop-task.ts';

const task = readTask();
const urls = readUrls(task);
const limit = pLimit(task.concurrency);
const headersMs = new Float64Array(urls.length);
let bytes = 0;

const downloads = urls.map((url, row) =>
  limit(async () => {
    const startMs = performance.now();
    const response = await fetch(url);
    headersMs[row] = performance.now() - startMs;
    if (!response.ok) throw new Error(`${url}: status ${response.status}`);
    const content = new Uint8Array(await response.arrayBuffer());
    bytes += content.byteLength;
    await writeFile(join(task.out, `${row}.jpg`), content);
  }),
);
await Promise.all(downloads);
printResult(bytes, headersMs);
