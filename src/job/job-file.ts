/** job.json: what a job is, in the words of whoever reads it next. */
import { readFile } from 'node:fs/promises';
import { destinationError, errnoOf } from '../destination/destination.ts';
import { writeAtomically } from '../destination/disk.ts';
import { type FolderPaths, folderPaths } from '../destination/folder-layout.ts';
import { FlowDcError } from '../errors.ts';
import { schemaCheck, textOfProblems } from '../json-schema.ts';
import { JOB_FORMAT_VERSION, type JobIdentity } from './identity.ts';

/** The configuration that the job runs with, under the configuration's own keys; without secrets. */
export type JobSettings = Readonly<Record<string, unknown>>;

/** The content of job.json. */
export interface JobFile {
  /** Random, made with the job: a worker that was told another id is in the wrong folder. */
  readonly id: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly createdAtMs: number;
  readonly identity: JobIdentity;
  readonly settings: JobSettings;
  /**
   * Rows are planned by which of them have a line in an outcome table, not by units: the manifest was written anew
   * since, or there is more than one.
   */
  readonly byRows?: boolean | undefined;
  /** What the dataset got beside its shards when it was finished; absent in those of earlier versions. */
  readonly sealed?: readonly string[] | undefined;
}

export interface FoundJob {
  readonly paths: FolderPaths;
  readonly job: JobFile;
}

const string = { type: 'string' } as const;
const boolean = { type: 'boolean' } as const;
const count = { type: 'integer', minimum: 0 } as const;

const identitySchema = {
  type: 'object',
  required: ['formatVersion', 'inputs', 'columns', 'shardSize', 'createTar'],
  properties: {
    formatVersion: count,
    inputs: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'bytes', 'hash'],
        properties: { name: string, bytes: count, hash: string, sha256: string },
      },
    },
    columns: {
      type: 'object',
      required: ['url'],
      properties: { url: string, label: string, caption: string, key: string },
    },
    explode: boolean,
    urlTemplate: string,
    iiifSize: string,
    mirrors: { type: 'array', items: string },
    folderColumns: { type: 'array', items: string },
    limitRows: count,
    perClass: count,
    jsonTypes: boolean,
    inferTypes: boolean,
    shardSize: count,
    groupBy: string,
    mixSeed: count,
    outputFormat: string,
    createTar: boolean,
    compressTar: boolean,
    namingMode: string,
    fileNamePattern: string,
    imageName: string,
    cls: boolean,
    classes: string,
    nullLabel: string,
    trustNames: boolean,
    hash: boolean,
    keepCredentials: boolean,
    redactQuery: boolean,
    dedupe: { type: 'string', enum: ['url'] },
    mtime: string,
    compat: string,
    energon: boolean,
    mediaColumn: string,
  },
} as const;

const SCHEMA = {
  type: 'object',
  required: ['id', 'createdAtMs', 'identity', 'settings'],
  properties: {
    id: { type: 'string', minLength: 8 },
    createdAtMs: { type: 'number' },
    identity: identitySchema,
    settings: { type: 'object' },
    byRows: boolean,
    sealed: { type: 'array', items: { type: 'string', pattern: '^(\\.nv-meta/)?[A-Za-z.][\\w.-]*$' } },
  },
} as const;

const matches = schemaCheck<JobFile>(SCHEMA);

/** The job of an output folder, wherever its layout keeps the state; undefined when there is none. */
export async function findJob(out: string): Promise<FoundJob | undefined> {
  for (const layout of ['shards', 'files'] as const) {
    const paths = folderPaths(out, layout);
    const job = await readJobFile(paths);
    if (job !== undefined) return { paths, job };
  }
  return undefined;
}

/**
 * @returns undefined when the state folder holds no job.json
 * Errors: FDC_ERR_JOB_MISMATCH when a later version wrote it, FDC_ERR_DEST_IO when it cannot be read or understood.
 */
export async function readJobFile({ jobFile }: FolderPaths): Promise<JobFile | undefined> {
  try {
    return parseJobFile(await readFile(jobFile, 'utf8'), jobFile);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    // The first thing that is asked of an output: where that is not allowed, nothing was begun.
    const isForbidden = errnoOf(error) === 'EACCES' || errnoOf(error) === 'EPERM';
    throw destinationError(error, jobFile, isForbidden ? 'FDC_ERR_DEST_UNWRITABLE' : undefined);
  }
}

/** @param name - for messages. Errors: FDC_ERR_JOB_MISMATCH, FDC_ERR_DEST_IO, see readJobFile. */
export function parseJobFile(text: string, name: string): JobFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(name, 'it is not JSON');
  }
  const version = (value as { identity?: { formatVersion?: unknown } } | null)?.identity?.formatVersion;
  if (typeof version === 'number' && version > JOB_FORMAT_VERSION) {
    throw new FlowDcError(
      'FDC_ERR_JOB_MISMATCH',
      `${name} has format ${version}, this flow-dc knows up to ${JOB_FORMAT_VERSION}; use the newer one`,
    );
  }
  if (!matches(value)) throw damaged(name, textOfProblems(matches.problems(), 'job'));
  return value;
}

/** Replace job.json as a whole. */
export async function writeJobFile({ jobFile }: FolderPaths, job: JobFile): Promise<void> {
  await writeAtomically(jobFile, formatJobFile(job));
}

/** The content of job.json. */
export function formatJobFile(job: JobFile): string {
  return `${JSON.stringify(job, null, 2)}\n`;
}

/**
 * Remember what a run has read. Errors: FDC_ERR_DEST_FULL, FDC_ERR_DEST_IO.
 * @param contents - sha256 of all of an input, by its name
 */
export async function noteContents(paths: FolderPaths, contents: ReadonlyMap<string, string>): Promise<void> {
  const job = await readJobFile(paths);
  if (job === undefined) return;
  try {
    await writeJobFile(paths, withSums(job, contents));
  } catch (error) {
    throw destinationError(error, paths.jobFile);
  }
}

/** The job with the sums of its inputs. @param contents - sha256 of all of an input, by its name */
export function withSums(job: JobFile, contents: ReadonlyMap<string, string>): JobFile {
  const inputs = job.identity.inputs.map((input) => {
    const sha256 = contents.get(input.name);
    return sha256 === undefined ? input : { ...input, sha256 };
  });
  return { ...job, identity: { ...job.identity, inputs } };
}

/** Remember what was written beside the shards. */
export async function noteSealed(paths: FolderPaths, sealed: readonly string[]): Promise<void> {
  const job = await readJobFile(paths);
  if (job !== undefined) await writeJobFile(paths, { ...job, sealed });
}

function damaged(name: string, problem: string): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_DEST_IO',
    `${name} cannot be understood: ${problem}; restore it, or choose another output with -o`,
  );
}
