/** Rows of a batch that go to one file. */
export interface FileRows {
  readonly file: number;
  /** Numbers of rows within the batch, rising. */
  readonly rows: Uint32Array;
}

/**
 * The rows of a batch by their file, from the file of every row; only files that get some. A counting sort, and stable.
 */
export function* rowsByFile(fileOf: Int32Array, files: number): Iterable<FileRows> {
  const starts = new Uint32Array(files + 1);
  for (const file of fileOf) starts[file + 1] = (starts[file + 1] as number) + 1;
  for (let file = 0; file < files; file++) starts[file + 1] = (starts[file + 1] as number) + (starts[file] as number);
  const next = starts.slice();
  const sorted = new Uint32Array(fileOf.length);
  for (let row = 0; row < fileOf.length; row++) {
    const file = fileOf[row] as number;
    const at = next[file] as number;
    next[file] = at + 1;
    sorted[at] = row;
  }
  for (let file = 0; file < files; file++) {
    const rows = sorted.subarray(starts[file], starts[file + 1]);
    if (rows.length > 0) yield { file, rows };
  }
}
