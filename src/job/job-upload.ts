/** Where the shards of a job are uploaded to, as its settings remember it. */
import { stageSettings } from '../config/stage-settings.ts';
import type { Config, ResolvedConfig } from '../config/types.ts';
import type { JobSettings } from './job-file.ts';

/** The part of a configuration that says so. Errors: FDC_ERR_CONFIG_INVALID for settings that somebody damaged. */
export function uploadOfJob(settings: JobSettings | undefined, createTar: boolean): Pick<ResolvedConfig, 'sink'> {
  const { cloud_destination, cloud_tool, cloud_put_command, cloud_stream, cloud_timeout } = (settings ?? {}) as Config;
  if (cloud_destination === undefined) return { sink: stageSettings('sink', { createTar }) };
  const sink = stageSettings('sink', {
    createTar,
    cloudDestination: cloud_destination,
    cloudTool: cloud_tool,
    cloudPutCommand: cloud_put_command ?? undefined,
    cloudStream: cloud_stream,
    cloudTimeoutMs: cloud_timeout === undefined ? undefined : cloud_timeout * 1000,
  });
  return { sink };
}
