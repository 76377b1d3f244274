/**
 * removal.json: samples that are being taken out of a finished dataset. It is written before anything is touched and
 * goes when all of it is done, so whoever opens the job next finishes what was cut short.
 */
import { readFile, rm } from 'node:fs/promises';
import { CHECKSUMS_FILE } from '../dataset/seal/checksums.ts';
import { SUCCESS_FILE } from '../dataset/seal/seal-dataset.ts';
import { destinationError, errnoOf } from '../destination/destination.ts';
import { syncFolder, writeAtomically } from '../destination/disk.ts';
import { type FolderPaths, finalPath } from '../destination/folder-layout.ts';
import { FlowDcError } from '../errors.ts';
import { schemaCheck } from '../json-schema.ts';
import type { UnitId } from '../record.ts';
import { UNIT_ID_PATTERN } from '../record-schema.ts';

/** Rows of a unit, by their numbers in the manifest. */
export interface UnitRows {
  readonly unit: UnitId;
  readonly rows: readonly number[];
}

/** What is taken out, and how. */
export interface RemovalMark {
  /** New for every removal: it names what this one writes. */
  readonly id: string;
  /** The rows' code from now on. */
  readonly code: 'removed' | 'replaced';
  /** Nothing stays of a row but where it stood in the manifest. */
  readonly forget: boolean;
  readonly units: readonly UnitRows[];
}

const matches = schemaCheck<RemovalMark>({
  type: 'object',
  required: ['id', 'code', 'forget', 'units'],
  properties: {
    id: { type: 'string', pattern: '^[\\w-]{1,40}$' },
    code: { type: 'string', enum: ['removed', 'replaced'] },
    forget: { type: 'boolean' },
    units: {
      type: 'array',
      items: {
        type: 'object',
        required: ['unit', 'rows'],
        properties: {
          unit: { type: 'string', pattern: UNIT_ID_PATTERN },
          rows: { type: 'array', items: { type: 'integer', minimum: 0 } },
        },
      },
    },
  },
});

/** Only under the job's lock: the dataset is unfinished before the mark is there. Errors: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO. */
export async function markRemoval(paths: FolderPaths, mark: RemovalMark): Promise<void> {
  try {
    for (const name of [SUCCESS_FILE, CHECKSUMS_FILE]) await rm(finalPath(paths, name), { force: true });
    await syncFolder(paths.layout === 'shards' ? paths.output : paths.state);
    await writeAtomically(paths.removalFile, `${JSON.stringify(mark)}\n`);
  } catch (error) {
    throw destinationError(error, paths.output);
  }
}

/** Undefined where no removal is under way. Errors: FDC_ERR_DEST_IO. */
export async function readRemovalMark({ removalFile: path }: FolderPaths): Promise<RemovalMark | undefined> {
  try {
    return parseRemovalMark(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw destinationError(error, path);
  }
}

/** @param name - for messages. Errors: FDC_ERR_DEST_IO. */
function parseRemovalMark(text: string, name: string): RemovalMark {
  try {
    const value: unknown = JSON.parse(text);
    if (matches(value)) return value;
  } catch {}
  throw new FlowDcError('FDC_ERR_DEST_IO', `${name} cannot be understood, and says which samples are taken out`, {
    advice: '; delete it, then run the same flow-dc remove again',
  });
}
