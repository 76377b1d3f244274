/** A file that can be read anywhere, wherever it is. */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileParts } from './archive/zip.ts';
import { isRemote, type LocalSource, type RemoteSource } from './file-source.ts';

export async function partsOf(source: LocalSource | RemoteSource): Promise<FileParts> {
  if (isRemote(source)) {
    const { remote } = source;
    return {
      bytes: remote.bytes,
      read: (start, end, signal) => remote.read(start, end, signal),
      chunks: (signal, start, end) => remote.chunks(signal, start, end),
    };
  }
  const { path } = source;
  return {
    bytes: (await stat(path)).size,
    read: async (start, end) => {
      const file = await open(path);
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
    chunks: (signal, start, end) => localRange(path, signal, start, end),
  };
}

async function* localRange(
  path: string,
  signal: AbortSignal,
  start: number,
  end: number,
): AsyncGenerator<Buffer, void> {
  // Its end is included.
  if (end > start) yield* createReadStream(path, { signal, start, end: end - 1 }) as AsyncIterable<Buffer>;
}
