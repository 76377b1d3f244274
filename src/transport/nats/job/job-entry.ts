/** A job's own entry: what it is and how far it has come. One per job, changed by compare-and-set only. */
import { Ajv } from 'ajv';
import { FlowDcError } from '../../../errors.ts';
import type { JobDescription } from '../../cluster.ts';

/** `running` means sealed: `total` is known. Whether it is complete is counted, never stored. */
export type StoredState = 'publishing' | 'running' | 'cancelled' | 'finished';

export interface JobEntry {
  readonly description: JobDescription;
  readonly state: StoredState;
  readonly total?: number;
  /** Why it was cancelled. */
  readonly reason?: string;
}

const descriptionSchema = {
  type: 'object',
  required: ['folderId', 'out', 'settings', 'version', 'createdAtMs'],
  properties: {
    folderId: { type: 'string', minLength: 1 },
    out: { type: 'string', minLength: 1 },
    settings: { type: 'object' },
    version: { type: 'string' },
    createdAtMs: { type: 'number' },
  },
} as const;

const entrySchema = {
  type: 'object',
  required: ['description', 'state'],
  properties: {
    description: descriptionSchema,
    state: { enum: ['publishing', 'running', 'cancelled', 'finished'] },
    total: { type: 'integer', minimum: 0 },
    reason: { type: 'string' },
  },
} as const;

const ajv = new Ajv({ allErrors: true });
const isEntry = ajv.compile<JobEntry>(entrySchema);
const isDescription = ajv.compile<JobDescription>(descriptionSchema);

/** Errors: FDC_ERR_TRANSPORT_SERVER when flow-dc did not write this. */
export function parseJobEntry(text: string, job: string): JobEntry {
  const value = parseJson(text);
  if (isEntry(value)) return value;
  throw foreign(job, ajv.errorsText(isEntry.errors));
}

/** Errors: FDC_ERR_TRANSPORT_SERVER when flow-dc did not write this. */
export function parseDescription(text: string, job: string): JobDescription {
  const value = parseJson(text);
  if (isDescription(value)) return value;
  throw foreign(job, ajv.errorsText(isDescription.errors));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function foreign(job: string, problem: string): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_TRANSPORT_SERVER',
    `The entry of job ${job} on the server is not one that flow-dc wrote: ${problem}`,
  );
}
