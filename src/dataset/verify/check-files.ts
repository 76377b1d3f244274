/** Loose files against their list and outcome table. */
import { errnoOf } from '../../destination/destination.ts';
import { type FileDigest, type ListedFile, parseFileList } from '../../destination/hashed-file.ts';
import { isFlowDcError } from '../../errors.ts';
import { inOrder } from '../../structures/in-order.ts';
import type { DatasetFile } from '../files/dataset-files.ts';
import { digestOf } from '../files/digest.ts';
import type { ExpectedSample } from '../outcome-rows.ts';
import type { UnitState } from './dataset-state.ts';

/**
 * Compare loose files with the list that a record names, and the list with the unit's outcome table.
 * @param list - of the right bytes
 * @param shard - its name, for messages
 */
export async function checkFiles(
  { files, listed, findings }: UnitState,
  list: DatasetFile,
  shard: string,
  samples: readonly ExpectedSample[] | undefined,
): Promise<void> {
  const expected = new Map(samples?.map((sample) => [sample.name, sample]));
  const named: ListedFile[] = [];
  const problem = await readList(list, named);
  const digest = async (file: ListedFile): Promise<FileDigest | string> => {
    if (files.hasSample === undefined) return digestOrProblem(files.sample(file.path));
    return (await files.hasSample(file)) ? file : `expected ${file.bytes} bytes on the other side, found no such file`;
  };
  const look = async (file: ListedFile) => [file, await digest(file)] as const;
  for await (const [file, found] of inOrder(named, files.width, look)) {
    const sample = expected.get(file.path);
    if (sample === undefined && samples !== undefined)
      findings.add('sample_unexpected', file.path, `listed by ${shard}, but in no outcome row`);
    if (sample !== undefined && sample.sha256 !== file.sha256)
      findings.add('record_inconsistent', file.path, `${shard}: list and outcome table differ`);
    expected.delete(file.path);
    if (!listed.add(file.path)) findings.add('key_repeated', file.path, `${shard} and another unit both wrote it`);
    if (typeof found === 'string') findings.add('sample_missing', file.path, `${shard}: ${found}`);
    else if (found.bytes !== file.bytes || found.sha256 !== file.sha256)
      findings.add(
        'sample_damaged',
        file.path,
        `${shard}: expected ${file.bytes} bytes, sha256 ${file.sha256}, got ${found.bytes}, ${found.sha256}`,
      );
  }
  if (problem !== undefined) return findings.add('artifact_unreadable', shard, problem);
  for (const name of expected.keys())
    findings.add('sample_missing', name, `${shard}: in the outcome table, but not in the list of files`);
}

/** @param named - takes what the list names. @returns what is wrong with it, behind what it names */
async function readList(list: DatasetFile, named: ListedFile[]): Promise<string | undefined> {
  const content = await list.read();
  try {
    for (const file of parseFileList(content.toString('utf8'), list.path)) named.push(file);
    return undefined;
  } catch (error) {
    if (!isFlowDcError(error)) throw error;
    return error.message;
  }
}

async function digestOrProblem(file: DatasetFile): Promise<FileDigest | string> {
  try {
    return await digestOf(file);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno === 'EISDIR' ? 'a folder stands in its place' : (error as Error).message;
  }
}
