/**
 * Where everything of one output lies in an object store: the dataset, and what its job keeps. Keys only; nothing here
 * asks the store.
 *
 *   shards (tar modes)                        files (loose files)
 *   PREFIX/000000.tar, .parquet, ...          PREFIX/label/name.ext, metadata.parquet
 *   PREFIX/.flow-dc/...                       PREFIX.flow-dc/..., 000000.files, 000000.parquet, ...
 *                                             PREFIX.flow-dc/staging/UNIT.TOKEN/files/label/name.ext
 */
import { FlowDcError } from '../../errors.ts';
import type { UnitId } from '../../record.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { artifactName, type FolderLayout, METADATA_FILE, plainName } from '../folder-layout.ts';

/** One output in a store. */
export interface StoreArea {
  readonly layout: FolderLayout;
  readonly output: ObjectStore;
  /** The same bucket below the job's own prefix. */
  readonly state: ObjectStore;
}

/** Of shards, in the output's own prefix. */
export const STATE_PREFIX = '.flow-dc';
/** Below the job's prefix: loose files that are not final yet. */
export const STAGING = 'staging/';

/** Errors: FDC_ERR_CONFIG_INVALID for loose files that have the bucket for themselves. */
export function storeArea(output: ObjectStore, layout: FolderLayout): StoreArea {
  if (layout === 'files' && !hasPlaceBeside(output)) {
    const message = `output ${output.name}: loose files have their job beside them, got a whole bucket`;
    const advice = `; give a prefix, such as ${output.name}/files`;
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { issues: [`${message}${advice}`], advice });
  }
  return { layout, output, state: output.beside(layout === 'shards' ? `/${STATE_PREFIX}` : STATE_PREFIX) };
}

/** Whether there are keys beside those of the output: not in a bucket without a prefix. */
export function hasPlaceBeside(output: ObjectStore): boolean {
  return output.beside(STATE_PREFIX).name !== output.beside(`/${STATE_PREFIX}`).name;
}

/** The store in which an artifact or a file beside the shards has `name` as its key. Errors: FDC_ERR_DEST_IO. */
export function finalStore({ layout, output, state }: StoreArea, name: string): ObjectStore {
  artifactName(name);
  return layout === 'shards' || name === METADATA_FILE ? output : state;
}

/** Of one attempt, with a slash at its end. Both parts come from records that anybody may have written. */
export function stagingPrefix(unit: UnitId, token: string): string {
  return `${STAGING}${plainName(unit)}.${plainName(token)}/`;
}

/** Uploads on such keys may be ours: artifacts, and what is streamed beside them. */
export function isOwnKey(key: string): boolean {
  return /^(data-)?\d{5,9}[._][\w.-]+$/.test(key) || key === METADATA_FILE || key.startsWith(STAGING);
}
