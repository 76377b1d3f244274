/** Size and hash of a dataset's file, read to its end. */
import { createHash } from 'node:crypto';
import type { FileDigest } from '../../destination/hashed-file.ts';
import type { DatasetFile } from './dataset-files.ts';

/** Rejects as the file's own reading does. */
export async function digestOf(file: DatasetFile): Promise<FileDigest> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of file.open()) {
    hash.update(chunk);
    bytes += chunk.byteLength;
  }
  return { bytes, sha256: hash.digest('hex') };
}
