/**
 * distributed.json: says that workers on other machines write to this output, under a job on a NATS server. As long as
 * it lies in the state folder the server decides units, and a second decider beside it would decide some of them twice.
 */
import { readFile, rm } from 'node:fs/promises';
import { destinationError, errnoOf } from '../destination/destination.ts';
import { writeAtomically } from '../destination/disk.ts';
import type { FolderPaths } from '../destination/folder-layout.ts';
import { FlowDcError } from '../errors.ts';
import { schemaCheck } from '../json-schema.ts';

/** Nothing secret: everybody who reads the dataset can read it. */
export interface DistributedMark {
  /** The job's name on the server. */
  readonly job: string;
  /** Servers as URLs without credentials. */
  readonly servers: readonly string[];
  /** The server was started by `submit`, with its files in the state folder. */
  readonly own: boolean;
}

const SCHEMA = {
  type: 'object',
  required: ['job', 'servers', 'own'],
  properties: {
    job: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,32}$' },
    servers: { type: 'array', items: { type: 'string' } },
    own: { type: 'boolean' },
  },
} as const;

const matches = schemaCheck<DistributedMark>(SCHEMA);

/** @returns undefined when no other machine works on the output. Errors: FDC_ERR_DEST_IO. */
export async function readMark({ distributedFile: path }: FolderPaths): Promise<DistributedMark | undefined> {
  try {
    return parseMark(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw destinationError(error, path);
  }
}

/** @param name - for messages. Errors: FDC_ERR_DEST_IO. */
export function parseMark(text: string, name: string): DistributedMark {
  try {
    const value: unknown = JSON.parse(text);
    if (matches(value)) return value;
  } catch {}
  throw new FlowDcError(
    'FDC_ERR_DEST_IO',
    `${name} cannot be understood; delete it when no worker writes to this output any more`,
  );
}

/** Only under the job's lock. */
export async function writeMark({ distributedFile }: FolderPaths, mark: DistributedMark): Promise<void> {
  await writeAtomically(distributedFile, formatMark(mark));
}

export function formatMark(mark: DistributedMark): string {
  return `${JSON.stringify(mark, null, 2)}\n`;
}

/** Idempotent. */
export async function removeMark({ distributedFile }: FolderPaths): Promise<void> {
  await rm(distributedFile, { force: true });
}

/** FDC_ERR_JOB_DISTRIBUTED for somebody who would write to `out` beside the workers. */
export function distributedError(out: string, { job, servers, own }: DistributedMark): FlowDcError {
  const where = own ? 'the server that submit started' : (servers[0] ?? 'a NATS server');
  return new FlowDcError('FDC_ERR_JOB_DISTRIBUTED', `${out} is written by the workers of job ${job} on ${where}`, {
    advice:
      `: follow it with the same submit command, or end it with flow-dc cancel ${job}; if that server is gone for ` +
      'good, --take-over',
  });
}
