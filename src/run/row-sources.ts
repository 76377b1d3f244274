/** Where the rows of a dataset come from: its manifest, and those that were given before it. */
import { join } from 'node:path';
import type { RecordBatch } from 'apache-arrow';
import type { ResolvedConfig } from '../config/types.ts';
import { FlowDcError } from '../errors.ts';
import { type ManifestPart, takenRows } from '../job/extensions.ts';
import type { InputIdentity } from '../job/identity.ts';
import type { StateFiles } from '../job/state-files.ts';
import type { PipePlace } from './input-memory.ts';
import type { JobInput } from './job-input.ts';
import { openJobInput } from './open-job-input.ts';
import { openRows, rowsOfPart } from './open-rows.ts';

export interface RowSource {
  /** Number of its first row in the dataset. */
  readonly firstRow: number;
  /** One more than that of its last one; undefined where that shows at its end. */
  readonly endRow?: number | undefined;
  read(): AsyncIterable<RecordBatch>;
}

export interface EarlierManifests {
  readonly config: ResolvedConfig;
  readonly state: StateFiles;
  readonly pipe?: PipePlace | undefined;
  /** For temporary files. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** A manifest that was given before, which is opened when its rows are asked for. */
export function earlierSource(part: ManifestPart, around: EarlierManifests): RowSource {
  const { firstRow, rows } = part;
  return { firstRow, endRow: firstRow + rows, read: () => readEarlier(part, around) };
}

/** Errors: those of readManifest; FDC_ERR_JOB_MISMATCH for another file than it was. */
async function* readEarlier(
  part: ManifestPart,
  { config, state, pipe, folder, signal }: EarlierManifests,
): AsyncGenerator<RecordBatch> {
  const input = await openEarlier(part, { config, pipe, signal });
  try {
    const taken = await takenRows(state, part);
    const rows = (columns?: readonly string[]) => rowsOfPart(input.read(columns), part, taken);
    const own = join(folder, `from-${part.firstRow}`);
    const { read, close } = await openRows(rows, config.run.dedupe, own, signal);
    try {
      yield* read();
    } finally {
      close();
    }
  } finally {
    await input.close();
  }
}

/** Errors: those of readManifest; FDC_ERR_JOB_MISMATCH for another file than it was. */
export async function openEarlier(
  part: ManifestPart,
  { config, pipe, signal }: Pick<EarlierManifests, 'config' | 'pipe' | 'signal'>,
): Promise<JobInput> {
  const manifest = { ...config.manifest, inputs: part.input };
  const input = await openJobInput({ ...config, manifest }, undefined, signal, pipe);
  const changedAt = part.identity.findIndex(({ bytes, hash }, at) => {
    const now = input.info.files[at];
    return now?.bytes !== bytes || now.hash !== hash;
  });
  if (changedAt < 0) return input;
  await input.close();
  throw changed((part.identity[changedAt] as InputIdentity).name);
}

function changed(name: string): FlowDcError {
  const message = `${name} is not the file that it was, and rows of it have to be fetched again: bring it back`;
  return new FlowDcError('FDC_ERR_JOB_MISMATCH', message);
}
