/** The destination that a configuration names besides its folder. */
import type { Clock } from '../../clock.ts';
import type { ResolvedConfig } from '../../config/types.ts';
import { FolderDestination } from '../folder-destination.ts';
import { ToolDestination, type ToolDestinationOptions } from './tool-destination.ts';
import { toolOf } from './tool-of.ts';
import { WorkerUploads } from './worker-uploads.ts';

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
  const layout = sink.createTar ? 'shards' : 'files';
  if (sink.cloudDestination === undefined) return new FolderDestination(folder, { layout, clock: options.clock });
  return new ToolDestination(folder, toolOf(sink), { layout, ...optionsOf(sink), ...options });
}

/** Whether workers of a job need no folder in common: a program uploads their shards, and can rename them there. */
export function hasOwnFolders({ sink }: Pick<ResolvedConfig, 'sink'>): boolean {
  return sink.cloudDestination !== undefined && sink.createTar && toolOf(sink).move !== undefined;
}

/** @param folder - of this process alone. Errors: FDC_ERR_CONFIG_INVALID. */
export function workerUploadsOf(
  { sink }: Pick<ResolvedConfig, 'sink'>,
  folder: string,
  options: FolderOfOptions = {},
): WorkerUploads {
  return new WorkerUploads(folder, toolOf(sink), { ...optionsOf(sink), ...options });
}

function optionsOf({ cloudTimeoutMs, cloudStream }: ResolvedConfig['sink']): ToolDestinationOptions {
  return { timeoutMs: cloudTimeoutMs, streams: cloudStream };
}
