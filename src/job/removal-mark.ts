/**
 * removal.json: samples that are being taken out of a finished dataset. It is written before anything is touched and
 * goes when all of it is done, so whoever opens the job next finishes what was cut short.
 */
import { FlowDcError } from '../errors.ts';
import { counted } from '../format.ts';
import { schemaCheck } from '../json-schema.ts';
import type { UnitId } from '../record.ts';
import { UNIT_ID_PATTERN } from '../record-schema.ts';
import type { StateFiles } from './state-files.ts';

/** Of the state folder. */
export const REMOVAL_FILE = 'removal.json';

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
export async function markRemoval(state: StateFiles, mark: RemovalMark): Promise<void> {
  await state.unseal();
  await state.write(REMOVAL_FILE, `${JSON.stringify(mark)}\n`);
}

/** Undefined where no removal is under way. Errors: FDC_ERR_DEST_IO. */
export async function readRemovalMark(state: StateFiles): Promise<RemovalMark | undefined> {
  const content = await state.read(REMOVAL_FILE);
  return content && parseRemovalMark(content.toString('utf8'), state.nameOf(REMOVAL_FILE));
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

/** For the user. @param removed - rows of a removal that was finished now */
export function removedNotices(removed: number | undefined): string[] {
  if (removed === undefined) return [];
  return [`a removal was cut short: the rest of its ${counted(removed, 'sample')} is taken out now`];
}
