/** Every configuration key, its default, unit, bounds and description. */
import { CLUSTER_KEYS } from './schema/cluster.ts';
import { DISTRIBUTE_KEYS } from './schema/distribute.ts';
import { FETCH_KEYS } from './schema/fetch.ts';
import { FETCH_GUARD_KEYS } from './schema/fetch-guards.ts';
import { FLOW_DC_KEYS } from './schema/flow-dc.ts';
import type { KeyMeta, KeySchema, Keys, Slice } from './schema/key.ts';
import { MANIFEST_KEYS } from './schema/manifest.ts';
import { PAARC_KEYS } from './schema/paarc.ts';
import { PAARC_NEW_KEYS } from './schema/paarc-new.ts';
import { PARTITION_KEYS } from './schema/partition.ts';
import { RUN_KEYS } from './schema/run.ts';
import { SINK_KEYS } from './schema/sink.ts';
import { TRANSPORT_KEYS } from './schema/transport.ts';

/**
 * Every configuration key: the only place for names, types, bounds, defaults and descriptions. The keyword `fdc` of a
 * key is described in schema/key.ts. After a change run scripts/generate-config.ts, which writes types.ts,
 * config.schema.json and docs/config.md.
 */
export const CONFIG_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'flow-dc configuration',
  type: 'object',
  additionalProperties: false,
  properties: {
    ...MANIFEST_KEYS,
    ...SINK_KEYS,
    ...FETCH_KEYS,
    ...FETCH_GUARD_KEYS,
    ...RUN_KEYS,
    ...PAARC_KEYS,
    ...PAARC_NEW_KEYS,
    ...TRANSPORT_KEYS,
    ...CLUSTER_KEYS,
    ...PARTITION_KEYS,
    ...DISTRIBUTE_KEYS,
    ...FLOW_DC_KEYS,
  },
} as const;

/** A key's own name, as in configuration files. */
export type ConfigKey = keyof typeof CONFIG_SCHEMA.properties;

export type KnownKey = KeySchema & { readonly description: string; readonly fdc: KeyMeta };

const KEYS: Keys = CONFIG_SCHEMA.properties;

/** All keys in the schema's order. */
export const CONFIG_KEYS: ReadonlyMap<string, KnownKey> = new Map(Object.entries(KEYS));

/** Own names and FLOW-DC's other spellings, each with the own name. */
export const KEY_OF_SPELLING: ReadonlyMap<string, ConfigKey> = new Map(
  [...CONFIG_KEYS].flatMap(([key, schema]) =>
    [key, ...(schema.fdc.aliases ?? [])].map((name) => [name, key as ConfigKey] as const),
  ),
);

/** The keys of one slice, with the option name that each has there. */
export function keysOfSlice(
  slice: Slice,
): readonly { readonly key: string; readonly option: string; readonly schema: KnownKey }[] {
  return [...CONFIG_KEYS].flatMap(([key, schema]) =>
    schema.fdc.slice === slice && schema.fdc.option !== undefined ? [{ key, option: schema.fdc.option, schema }] : [],
  );
}
