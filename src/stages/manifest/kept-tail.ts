/** A file far away whose end is asked for once: it is looked at there several times, for a few bytes each. */
import { LEAST_BYTES } from './range-cache.ts';
import type { RemoteParts } from './remote/remote-file.ts';

export function withKeptTail(file: RemoteParts): RemoteParts {
  const { bytes } = file;
  const from = Math.max(0, bytes - LEAST_BYTES);
  let tail: Promise<Buffer> | undefined;
  return {
    bytes,
    read: async (start, end, signal) => {
      if (start < from) return file.read(start, end, signal);
      tail ??= file.read(from, bytes, signal);
      // Whoever asked may give its bytes away.
      return Buffer.from(Uint8Array.from((await tail).subarray(start - from, end - from)).buffer);
    },
  };
}
