/** What the main thread and the parquet thread say to each other. Every request gets one answer, in order. */
export type ParquetRequest =
  | { readonly op: 'open'; readonly path: string }
  /** `columns` counts on the first one; all columns without it. */
  | { readonly op: 'next'; readonly columns?: readonly string[] }
  | { readonly op: 'close' };

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
