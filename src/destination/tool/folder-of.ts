/** The destination that a configuration names besides its folder. */
import type { Clock } from '../../clock.ts';
import type { ResolvedConfig } from '../../config/types.ts';
import { FolderDestination } from '../folder-destination.ts';
import { ToolDestination } from './tool-destination.ts';
import { toolOf } from './tool-of.ts';

export interface FolderOfOptions {
  readonly clock?: Clock | undefined;
  /** Told of an upload that failed and is made again, in one line. */
  readonly onSetback?: ((line: string) => void) | undefined;
}

/**
 * A local folder, with a program that uploads what is finished where the configuration has one.
 * Errors: FDC_ERR_CONFIG_INVALID.
 */
export function folderOf(
  { sink }: Pick<ResolvedConfig, 'sink'>,
  folder: string,
  options: FolderOfOptions = {},
): FolderDestination {
  if (sink.cloudDestination === undefined) {
    const { clock } = options;
    return new FolderDestination(folder, { layout: sink.createTar ? 'shards' : 'files', clock });
  }
  return new ToolDestination(folder, toolOf(sink), { timeoutMs: sink.cloudTimeoutMs, ...options });
}
