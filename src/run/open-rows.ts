/** The rows of a job's input as they are planned: as they are, or each URL once. */
import { Readable } from 'node:stream';
import type { RunSettings } from '../config/types.ts';
import type { JobInput } from './job-input.ts';
import { findRepeats, markRepeats } from './repeated-urls.ts';

/**
 * Have rows planned.
 * @param folder - for temporary files
 * @param use - gets what reads them: batches of the reader; again where the input may be read again
 * Errors: those of the manifest reader and of the file system, and of `use`.
 */
export async function withRows(
  input: JobInput,
  dedupe: RunSettings['dedupe'],
  folder: string,
  signal: AbortSignal,
  use: (read: () => Readable) => Promise<void>,
): Promise<void> {
  if (dedupe === 'none') return use(() => input.read());
  const repeats = await findRepeats(input.read([]), folder, signal);
  try {
    await use(() => Readable.from(markRepeats(input.read(), repeats), { highWaterMark: 1 }));
  } finally {
    repeats.close();
  }
}
