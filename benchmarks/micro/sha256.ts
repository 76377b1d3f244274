/** What a body's hash takes: while its chunks arrive, and over the whole body. */
import { createHash } from 'node:crypto';
import type { MicroTask } from './micro-task.ts';

/** What one read of a socket brings. */
const CHUNK_BYTES = 65_536;

export function sha256(): MicroTask[] {
  return [10_000, 100_000, 1_000_000].flatMap((bytes) => {
    const body = Buffer.alloc(bytes, 7);
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes; at += CHUNK_BYTES) chunks.push(body.subarray(at, at + CHUNK_BYTES));
    return [
      { name: `${bytes / 1000} kB, chunk by chunk`, items: 1, run: () => void incremental(chunks) },
      { name: `${bytes / 1000} kB, joined first`, items: 1, run: () => void incremental([Buffer.concat(chunks)]) },
    ];
  });
}

function incremental(chunks: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}
