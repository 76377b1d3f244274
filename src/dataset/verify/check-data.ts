/** One parquet file with samples in it against its records and outcome table. */
import { createHash, type Hash } from 'node:crypto';
import type { FileDigest } from '../../destination/hashed-file.ts';
import { isFlowDcError } from '../../errors.ts';
import { scanMedia } from '../../parquet/scan.ts';
import type { DatasetFile } from '../files/dataset-files.ts';
import type { ExpectedSample } from '../outcome-rows.ts';
import { Members } from './check-tar.ts';
import type { FindingSink } from './findings.ts';

/** Read a file once: see checkTar. Memory: a digest for each body of a row group. */
export async function checkData(
  file: DatasetFile,
  shard: string,
  samples: readonly ExpectedSample[] | undefined,
  findings: FindingSink,
): Promise<FileDigest | undefined> {
  const whole = createHash('sha256');
  let bytes = 0;
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of file.open()) {
      whole.update(chunk);
      bytes += chunk.byteLength;
      yield chunk;
    }
  }
  const members = samples === undefined ? undefined : new Members(samples, shard, findings);
  let group: FileDigest[] = [];
  let [hash, size]: [Hash, number] = [createHash('sha256'), 0];
  const scan = scanMedia(hashed(), {
    body: (length) => {
      [hash, size] = [createHash('sha256'), length];
      return (piece) => void hash.update(piece);
    },
    bodyEnd: () => void group.push({ bytes: size, sha256: hash.digest('hex') }),
    paths: (paths) => {
      if (paths.length !== group.length) throw new TypeError(`expected ${group.length} paths, got ${paths.length}`);
      for (const [i, path] of paths.entries()) members?.add(path, group[i] as FileDigest);
      group = [];
    },
  });
  try {
    for await (const _ of scan);
  } catch (error) {
    // A store that cannot be read says nothing of the file.
    if (isFlowDcError(error)) throw error;
    findings.add('artifact_unreadable', shard, `cannot be read as a parquet file: ${(error as Error).message}`);
    return undefined;
  }
  members?.end();
  return { bytes, sha256: whole.digest('hex') };
}
