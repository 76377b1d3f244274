/** What holds the stored samples of one unit, as the writer of a unit sees it. */
import { open } from 'node:fs/promises';
import { patiently } from '../../open-files.ts';
import type { Artifact, FetchResult, SpilledBody } from '../../record.ts';

/** Bodies are written in pieces of this size, wherever they come from. */
export const READ_BYTES = 1024 * 1024;

export interface SampleEvents {
  /** The bytes of these results are written, or given up: they are no longer needed. */
  onSettled(results: readonly FetchResult[]): void;
  /** A write failed; the container is of no more use. */
  onError(error: Error): void;
}

export interface SampleContainer {
  /**
   * Take a stored result under `stem` (a path without extension). Its bytes are needed until `onSettled`.
   * @returns the path of the sample's body
   */
  add(result: FetchResult, stem: string, extension: string): string;
  /** The row at this position of its unit has ended without a sample. */
  pass(index: number): void;
  /** Time spent writing so far, ms. */
  readonly writeMs: number;
  /** Whether something was added that is not being written yet. */
  readonly hasUnwritten: boolean;
  /** Write what was added. */
  flush(): void;
  /** Resolves when everything is written. Errors: the one that `onError` was told. */
  close(): Promise<Artifact>;
  /** Of an archive that was closed: where each sample begins, then where the last one ends, in bytes. */
  offsets?(): Promise<readonly number[] | undefined>;
  /** Resolves when no write is under way any more. Everything that was added is settled by then. */
  abandon(): Promise<void>;
}

/** A spilled body, to its end. */
export async function* readSpilled({ path, bytes }: SpilledBody): AsyncGenerator<Buffer> {
  let read = 0;
  const file = await patiently(() => open(path, 'r'));
  for await (const chunk of file.createReadStream({ highWaterMark: READ_BYTES })) {
    read += (chunk as Buffer).byteLength;
    yield chunk as Buffer;
  }
  if (read !== bytes) throw new Error(`${path}: expected ${bytes} spilled bytes, got ${read}`);
}
