/** The destination that a configuration names besides its folder. */
import type { Clock } from '../../clock.ts';
import type { ResolvedConfig } from '../../config/types.ts';
import { type ProxySettings, proxyEnvironment } from '../../network/proxy.ts';
import { FolderDestination } from '../folder-destination.ts';
import { ToolDestination, type ToolDestinationOptions } from './tool-destination.ts';
import { toolOf } from './tool-of.ts';
import { WorkerUploads } from './worker-uploads.ts';

/** What a program is told, and how the network is reached. */
export interface Uploading extends Pick<ResolvedConfig, 'sink'> {
  readonly store?: ProxySettings | undefined;
}

export interface FolderOfOptions {
  readonly clock?: Clock | undefined;
  /** Told of an upload that failed and is made again, in one line. */
  readonly onSetback?: ((line: string) => void) | undefined;
}

/**
 * A local folder, with a program that uploads what is finished where the configuration has one.
 * Errors: FDC_ERR_CONFIG_INVALID.
 */
export function folderOf({ sink, store }: Uploading, folder: string, options: FolderOfOptions = {}): FolderDestination {
  const layout = sink.createTar ? 'shards' : 'files';
  if (sink.cloudDestination === undefined) return new FolderDestination(folder, { layout, clock: options.clock });
  return new ToolDestination(folder, toolOf(sink), { layout, ...optionsOf(sink, store), ...options });
}

/** Whether workers of a job need no folder in common: a program uploads their shards, and can rename them there. */
export function hasOwnFolders({ sink }: Pick<ResolvedConfig, 'sink'>): boolean {
  return sink.cloudDestination !== undefined && sink.createTar && toolOf(sink).move !== undefined;
}

/** @param folder - of this process alone. Errors: FDC_ERR_CONFIG_INVALID. */
export function workerUploadsOf(
  { sink, store }: Uploading,
  folder: string,
  options: FolderOfOptions = {},
): WorkerUploads {
  return new WorkerUploads(folder, toolOf(sink), { ...optionsOf(sink, store), ...options });
}

function optionsOf(
  { cloudTimeoutMs, cloudStream }: ResolvedConfig['sink'],
  store: ProxySettings = {},
): ToolDestinationOptions {
  return { timeoutMs: cloudTimeoutMs, streams: cloudStream, env: proxyEnvironment(store, process.env) };
}
