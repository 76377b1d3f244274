/**
 * What a job decided when it was begun without being told, and goes by ever since: another version of the program, with
 * other defaults, finishes it as it was begun. Pure.
 */
import { stageSettings } from '../config/stage-settings.ts';
import type { Config, ResolvedConfig } from '../config/types.ts';
import type { JobIdentity } from './identity.ts';

type Begun = Pick<Config, 'image_name' | 'cls' | 'json_types'>;

/**
 * Keys, with what the job goes by; none for one that is not begun yet.
 * @param given - keys that somebody gave, which are left to be compared
 */
export function keysAsBegun(before: JobIdentity | undefined, given: Readonly<Record<string, unknown>>): Begun {
  if (before === undefined) return {};
  const { imageName, cls = false, jsonTypes = false } = before;
  const all: Begun = { image_name: imageName as Begun['image_name'], cls, json_types: jsonTypes };
  return Object.fromEntries(Object.entries(all).filter(([key]) => given[key] === undefined));
}

/** The configuration with such keys. */
export function withBegun(config: ResolvedConfig, begun: Begun): ResolvedConfig {
  const { sink, manifest } = config;
  const { image_name: imageName = sink.imageName, cls = sink.cls, json_types: jsonTypes = manifest.jsonTypes } = begun;
  return {
    ...config,
    manifest: stageSettings('manifest', { ...manifest, jsonTypes }),
    sink: stageSettings('sink', { ...sink, imageName, cls }),
  };
}
