/** What the main thread and an encoding thread say to each other. */
import type { ParquetShape } from './parquet-writer.ts';

/** What the main thread and an encoding thread say to each other. Every request gets one answer, in order. */
export type EncodeRequest =
  | { readonly op: 'write'; readonly path: string; readonly ipc: readonly Uint8Array[]; readonly shape: ParquetShape }
  | { readonly op: 'close'; readonly path: string };

/** `errno` as `ENOSPC` where the file system said no. */
export type EncodeAnswer =
  | { readonly op: 'done' }
  | { readonly op: 'failed'; readonly message: string; readonly errno?: string };
