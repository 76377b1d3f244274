/** Where the rows of a dataset come from: its manifest, and those that were given before it. */
import { join } from 'node:path';
import type { RecordBatch } from 'apache-arrow';
import type { ResolvedConfig } from '../config/types.ts';
import { FlowDcError } from '../errors.ts';
import { type ManifestPart, takenRows } from '../job/extensions.ts';
import type { StateFiles } from '../job/state-files.ts';
import type { PipePlace } from './input-memory.ts';
import { openJobInput } from './job-input.ts';
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
  const manifest = { ...config.manifest, inputs: part.input };
  const input = await openJobInput({ ...config, manifest }, undefined, signal, pipe);
  try {
    part.identity.forEach(({ name, bytes, hash }, at) => {
      const now = input.info.files[at];
      if (now?.bytes !== bytes || now.hash !== hash) throw changed(name);
    });
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

function changed(name: string): FlowDcError {
  const message = `${name} is not the file that it was, and rows of it have to be fetched again: bring it back`;
  return new FlowDcError('FDC_ERR_JOB_MISMATCH', message);
}
