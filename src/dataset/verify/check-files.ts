/** Loose files against their list and outcome table. */
import { join } from 'node:path';
import { digestFile, readFileList } from '../../destination/hashed-file.ts';
import { isFlowDcError } from '../../errors.ts';
import type { TextSet } from '../../structures/hash-table.ts';
import type { ExpectedSample } from '../outcome-rows.ts';
import type { Findings } from './findings.ts';

/**
 * Compare loose files with the list that a record names, and the list with the unit's outcome table.
 * @param paths - takes every listed path, over all units
 */
export async function checkFiles(
  output: string,
  listPath: string,
  shard: string,
  samples: readonly ExpectedSample[] | undefined,
  paths: TextSet,
  findings: Findings,
): Promise<void> {
  const expected = new Map(samples?.map((sample) => [sample.name, sample]));
  try {
    for await (const file of readFileList(listPath)) {
      const sample = expected.get(file.path);
      if (sample === undefined && samples !== undefined)
        findings.add('sample_unexpected', file.path, `listed by ${shard}, but in no outcome row`);
      if (sample !== undefined && sample.sha256 !== file.sha256)
        findings.add('record_inconsistent', file.path, `${shard}: list and outcome table differ`);
      expected.delete(file.path);
      if (!paths.add(file.path)) findings.add('key_repeated', file.path, `${shard} and another unit both wrote it`);
      await checkFile(output, file, shard, findings);
    }
  } catch (error) {
    if (!isFlowDcError(error)) throw error;
    findings.add('artifact_unreadable', shard, error.message);
    return;
  }
  for (const name of expected.keys())
    findings.add('sample_missing', name, `${shard}: in the outcome table, but not in the list of files`);
}

async function checkFile(
  output: string,
  file: { path: string; bytes: number; sha256: string },
  shard: string,
  findings: Findings,
): Promise<void> {
  const found = await digestFile(join(output, file.path)).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) {
    const problem = found.code === 'EISDIR' ? 'a folder stands in its place' : found.message;
    findings.add('sample_missing', file.path, `${shard}: ${problem}`);
    return;
  }
  if (found.bytes !== file.bytes || found.sha256 !== file.sha256) {
    findings.add(
      'sample_damaged',
      file.path,
      `${shard}: expected ${file.bytes} bytes, sha256 ${file.sha256}, got ${found.bytes}, ${found.sha256}`,
    );
  }
}
