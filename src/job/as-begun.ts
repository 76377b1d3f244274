/**
 * What a job decided when it was begun without being told, and goes by ever since: another version of the program, with
 * other defaults, finishes it as it was begun. Pure.
 */
import { stageSettings } from '../config/stage-settings.ts';
import type { Config, ResolvedConfig } from '../config/types.ts';
import type { JobIdentity } from './identity.ts';

type Begun = Pick<Config, 'image_name'>;

/**
 * Keys, with what the job goes by.
 * @param given - keys that somebody gave, which are left to be compared
 */
export function keysAsBegun(identity: JobIdentity, given: Readonly<Record<string, unknown>>): Begun {
  const all: Begun = { image_name: identity.imageName as Begun['image_name'] };
  return Object.fromEntries(Object.entries(all).filter(([key]) => given[key] === undefined));
}

/** The configuration with such keys. */
export function withBegun(config: ResolvedConfig, { image_name: imageName }: Begun): ResolvedConfig {
  if (imageName === undefined) return config;
  return { ...config, sink: stageSettings('sink', { ...config.sink, imageName }) };
}
