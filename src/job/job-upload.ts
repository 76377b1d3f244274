/** Where the shards of a job are uploaded to, as its settings remember it. */
import { stageSettings } from '../config/stage-settings.ts';
import type { Config } from '../config/types.ts';
import type { Uploading } from '../destination/tool/folder-of.ts';
import type { JobSettings } from './job-file.ts';

/** The parts of a configuration that say so, and how it is reached. Errors: FDC_ERR_CONFIG_INVALID for settings that somebody damaged. */
export function uploadOfJob(settings: JobSettings | undefined, createTar: boolean): Uploading {
  const given = (settings ?? {}) as Config;
  const { cloud_destination, cloud_tool, cloud_put_command, cloud_stream, cloud_timeout } = given;
  if (cloud_destination === undefined) return { sink: stageSettings('sink', { createTar }) };
  const sink = stageSettings('sink', {
    createTar,
    cloudDestination: cloud_destination,
    cloudTool: cloud_tool,
    cloudPutCommand: cloud_put_command ?? undefined,
    cloudStream: cloud_stream,
    cloudTimeoutMs: cloud_timeout === undefined ? undefined : cloud_timeout * 1000,
  });
  return {
    sink,
    store: { proxy: given.proxy, noProxy: given.no_proxy === undefined ? undefined : [given.no_proxy].flat() },
  };
}
