/**
 * hosts.json: what a job's runs have learned about its hosts. Host names and numbers, no paths. An aid: nothing depends
 * on it.
 */
import { readFile, stat } from 'node:fs/promises';
import { errnoOf } from '../destination/destination.ts';
import { writeAtomically } from '../destination/disk.ts';
import { schemaCheck } from '../json-schema.ts';
import type { HostProfile, HostProfiles } from '../stages/fetch/schedule/host-profiles.ts';

const FORMAT = 'flow-dc hosts';
const FORMAT_VERSION = 1;
/** 50,000 hosts with the longest names there can be take less. */
const MAX_BYTES = 32 * 1_048_576;
/** No attempt may take longer than a day. */
const durationMs = { type: 'number', exclusiveMinimum: 0, maximum: 86_400_000 } as const;

interface HostProfileFile {
  readonly format: string;
  readonly version: number;
  readonly hosts: readonly HostProfile[];
}

const profileSchema = {
  type: 'object',
  required: ['host', 'atMs', 'concurrency', 'p50Ms', 'p95Ms'],
  properties: {
    host: { type: 'string', minLength: 1, maxLength: 300, pattern: '^[^\\s/?#@]+$' },
    atMs: { type: 'number', minimum: 0 },
    concurrency: { type: 'number', exclusiveMinimum: 0 },
    p50Ms: durationMs,
    p95Ms: durationMs,
    requestsPerSecond: { type: 'number', minimum: 0.01 },
  },
} as const;

const SCHEMA = {
  type: 'object',
  required: ['format', 'version', 'hosts'],
  properties: {
    format: { const: FORMAT },
    version: { const: FORMAT_VERSION },
    hosts: { type: 'array', items: profileSchema },
  },
} as const;

const matches = schemaCheck<HostProfileFile>(SCHEMA);

/**
 * Add what earlier runs of the job have saved to `profiles`.
 * @param name - for messages, where the file is a copy
 * @returns notices for the user: one when there is a file that cannot be used; never throws
 */
export async function loadHostProfiles(path: string, profiles: HostProfiles, name = path): Promise<readonly string[]> {
  try {
    if ((await stat(path)).size > MAX_BYTES) return [ignored(name, `larger than ${MAX_BYTES} bytes`)];
    const content: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (!matches(content)) return [ignored(name, 'not a list of host profiles of this version')];
    profiles.restore(content.hosts);
    return [];
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? [] : [ignored(name, (error as Error).message)];
  }
}

/**
 * Save `profiles` for the next run; without any, leave things as they are.
 * @returns a notice for the user when that failed; never throws, since the dataset does not depend on it
 */
export async function saveHostProfiles(path: string, profiles: HostProfiles): Promise<string | undefined> {
  if (profiles.size === 0) return undefined;
  const content: HostProfileFile = { format: FORMAT, version: FORMAT_VERSION, hosts: [...profiles] };
  try {
    await writeAtomically(path, `${JSON.stringify(content)}\n`);
    return undefined;
  } catch (error) {
    return `${path}: not saved (${(error as Error).message}); the next run measures its hosts anew`;
  }
}

function ignored(path: string, reason: string): string {
  return `${path}: ignored (${reason}); hosts are measured anew`;
}
