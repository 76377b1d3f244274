/**
 * Where everything lies in a local output folder. Pure, except for `path`.
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

export interface FolderPaths {
  readonly output: string;
  /** Records, job and staging; never read by a data loader. */
  readonly state: string;
  readonly staging: string;
  readonly spill: string;
  readonly layout: FolderLayout;
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
  return { output: root, state, staging: join(state, 'staging'), spill: join(state, 'spill'), layout };
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

/** @returns `name` when it is a plain file name. Errors: FDC_ERR_DEST_IO. */
export function artifactName(name: string): string {
  if (!/^[\w.-]+$/.test(name) || /^\.*$/.test(name) || name === '.flow-dc') throw unsafe(name);
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

function plainName(part: string): string {
  if (!/^[\w-]+$/.test(part)) throw unsafe(part);
  return part;
}

function unsafe(name: string): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_DEST_IO',
    `a record names ${JSON.stringify(name)}, which is not a safe file name; the state folder was tampered with`,
  );
}
