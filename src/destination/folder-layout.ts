/**
 * Where everything of one output lies on a local disk: the dataset, and what its job keeps. Paths only; nothing here
 * touches the disk.
 *
 *   shards (tar modes)              files (loose files)
 *   OUT/000000.tar, .parquet, ...   OUT/label/name.ext
 *   OUT/.flow-dc/staging/...        OUT.flow-dc/staging/..., 000000.files, 000000.parquet, ...
 */
import { join, resolve } from 'node:path';
import { FlowDcError } from '../errors.ts';
import type { UnitId } from '../record.ts';

export type FolderLayout = 'shards' | 'files';

/** What the `files` layout keeps in the output folder itself; loaders look for it there. */
export const METADATA_FILE = 'metadata.parquet';

/** How the runs went. */
export const TIMELINE_FILE = 'timeline.jsonl';

/** Every path of one output, absolute; made once, when the job is opened. */
/** Of the state: what was taken out for good, a hash a line. */
export const REMOVED_FILE = 'removed';

export interface FolderPaths {
  readonly layout: FolderLayout;
  readonly output: string;
  /**
   * The job's own folder: inside the output for shards; beside it for loose files, whose loaders take every folder
   * inside for a class.
   */
  readonly state: string;
  /** Attempts that are not final yet, a folder each. */
  readonly staging: string;
  /** What was fetched of units that a run had to leave half done, a folder each. */
  readonly kept: string;
  /** Folders that stood where files of the dataset belong: nobody's of ours, so never deleted. */
  readonly aside: string;
  /** Bodies that do not stay in memory. */
  readonly spill: string;
  /** Id, identity and settings of the job. */
  readonly jobFile: string;
  /** Exists while a process writes to the output. */
  readonly lockFile: string;
  /** Exists while recorded files are being deleted; whoever finds it finishes the deletion. */
  readonly overwriteFile: string;
  /** Exists while units are being taken back, and names them; whoever finds it finishes that. */
  readonly repairFile: string;
  /** What was taken out for good, as hashes. */
  readonly removedFile: string;
  /** What was read from stdin, whole; and while it is being read. */
  readonly keptInput: string;
  readonly partialInput: string;
  /** Row numbers at which live input paused so long that a window was closed; a line each. */
  readonly lingers: string;
  /** Exists while workers of a job on a server write to the output. */
  readonly distributedFile: string;
  /** What workers need to join a server that submit started; its token, so for its owner's eyes only. */
  readonly joinFile: string;
  /** Configuration and data of that server. */
  readonly serverFolder: string;
  /** Rows that ended whoever looked at them. */
  readonly poison: string;
  /** What was learned about hosts. */
  readonly hostProfiles: string;
  /** What hosts with a quota have given lately. */
  readonly quotas: string;
  /** How the runs went, second by second. */
  readonly timeline: string;
}

/** Errors: FDC_ERR_CONFIG_INVALID when `output` is not a path but a URL or standard output. */
export function folderPaths(output: string, layout: FolderLayout): FolderPaths {
  if (output === '-' || /^[a-z][a-z0-9+.-]+:\/\//i.test(output)) {
    const message =
      `output ${JSON.stringify(output)}: expected a folder on a local disk; mount the store, or copy the folder ` +
      'there afterwards';
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [message] });
  }
  const root = resolve(output);
  const state = layout === 'shards' ? join(root, '.flow-dc') : `${root}.flow-dc`;
  return {
    layout,
    output: root,
    state,
    staging: join(state, 'staging'),
    kept: join(state, 'kept'),
    aside: join(state, 'aside'),
    spill: join(state, 'spill'),
    jobFile: join(state, 'job.json'),
    lockFile: join(state, 'lock'),
    overwriteFile: join(state, 'overwrite'),
    repairFile: join(state, 'repair.json'),
    removedFile: join(state, REMOVED_FILE),
    keptInput: join(state, 'stdin'),
    partialInput: join(state, 'stdin.partial'),
    lingers: join(state, 'lingers'),
    distributedFile: join(state, 'distributed.json'),
    joinFile: join(state, 'worker.json'),
    serverFolder: join(state, 'nats'),
    poison: join(state, 'poison'),
    hostProfiles: join(state, 'hosts.json'),
    quotas: join(state, 'quotas.json'),
    timeline: join(state, TIMELINE_FILE),
  };
}

/** The folder of what was kept of a unit. */
export function keptFolder(paths: FolderPaths, unit: UnitId): string {
  return join(paths.kept, plainName(unit));
}

/** The folder of one attempt. Both parts come from records that anybody may have written. */
export function stagingFolder(paths: FolderPaths, unit: UnitId, token: string): string {
  return join(paths.staging, `${plainName(unit)}.${plainName(token)}`);
}

/** Final path of an artifact or a file beside the shards. */
export function finalPath(paths: FolderPaths, name: string): string {
  const inOutput = paths.layout === 'shards' || name === METADATA_FILE;
  return join(inOutput ? paths.output : paths.state, artifactName(name));
}

/** A folder beside the shards, for a loader that looks there. */
export const ENERGON_FOLDER = '.nv-meta';

/** @returns `name` when it is a plain file name, or one in the folder of a loader. Errors: FDC_ERR_DEST_IO. */
export function artifactName(name: string): string {
  if (!/^(\.nv-meta\/)?[\w.-]+$/.test(name) || /^\.*$/.test(name) || name === '.flow-dc') throw unsafe(name);
  return name;
}

/** @returns `path` when it stays inside the folder it is relative to. Errors: FDC_ERR_DEST_IO. */
export function listedPath(path: string): string {
  const parts = path.split('/');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u001f\u007f\\]/.test(path) || parts.some((part) => part === '' || part === '.' || part === '..'))
    throw unsafe(path);
  return path;
}

/** @returns `part` when it is part of a plain file name. Errors: FDC_ERR_DEST_IO. */
export function plainName(part: string): string {
  if (!/^[\w-]+$/.test(part)) throw unsafe(part);
  return part;
}

function unsafe(name: string): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_DEST_IO',
    `a record names ${JSON.stringify(name)}, which is not a safe file name; the state folder was tampered with`,
  );
}
