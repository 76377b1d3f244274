/** What the main thread and the parquet thread say to each other. Every request gets one answer, in order. */
export type ParquetRequest = { readonly op: 'open'; readonly path: string } | { readonly op: 'next' } | { readonly op: 'close' };

export type ParquetAnswer =
  | { readonly op: 'opened'; readonly summary: ParquetSummary }
  | { readonly op: 'batch'; readonly ipc: Uint8Array }
  | { readonly op: 'end' }
  | { readonly op: 'closed' }
  | { readonly op: 'failed'; readonly message: string };

/** A parquet file as its footer describes it. */
export interface ParquetSummary {
  /** The schema as an IPC stream without batches. */
  readonly schema: Uint8Array;
  readonly rows: number;
  /** Compressed bytes of the largest row group. */
  readonly rowGroupBytes: number;
}
