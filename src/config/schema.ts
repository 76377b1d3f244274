/** Every configuration key, by name, spelling and slice, and the JSON Schema that is published of them. */
import { isBytes, SIZE_PATTERN } from './expectation.ts';
import { CLUSTER_KEYS } from './schema/cluster.ts';
import { DISTRIBUTE_KEYS } from './schema/distribute.ts';
import { FETCH_KEYS } from './schema/fetch.ts';
import { FETCH_GUARD_KEYS } from './schema/fetch-guards.ts';
import { FLOW_DC_KEYS } from './schema/flow-dc.ts';
import type { KeyMeta, KeySchema, Keys, Slice } from './schema/key.ts';
import { MANIFEST_KEYS } from './schema/manifest.ts';
import { ORIGINAL_KEYS, SHARED_KEYS } from './schema/paarc.ts';
import { PAARC_NEW_KEYS } from './schema/paarc-new.ts';
import { PARTITION_KEYS, TRANSPORT_KEYS } from './schema/partition.ts';
import { RUN_KEYS } from './schema/run.ts';
import { RUN_END_KEYS } from './schema/run-ends.ts';
import { SINK_KEYS } from './schema/sink.ts';
import { STORE_KEYS } from './schema/store.ts';

/**
 * Every configuration key: the only place for names, types, bounds, defaults and descriptions. The keyword `fdc` of a
 * key is described in schema/key.ts. After a change run scripts/generate-config.ts, which writes the types here,
 * PAARC's settings in src/paarc, config.schema.json and docs/config.md.
 */
export const CONFIG_SCHEMA = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'flow-dc configuration',
  type: 'object',
  additionalProperties: false,
  properties: {
    ...MANIFEST_KEYS,
    ...SINK_KEYS,
    ...STORE_KEYS,
    ...FETCH_KEYS,
    ...FETCH_GUARD_KEYS,
    ...RUN_KEYS,
    ...RUN_END_KEYS,
    ...SHARED_KEYS,
    ...ORIGINAL_KEYS,
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

type JsonSchema = Record<string, unknown>;

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

/**
 * The JSON Schema (draft-07, what editors know best) that describes files as they may be written: with FLOW-DC's other
 * spellings, sizes as text, single strings for lists, and null where FLOW-DC writes it; without the internal keyword.
 */
export function publishedSchema(): JsonSchema {
  const properties: Record<string, JsonSchema> = {
    $schema: { type: 'string', description: 'Where an editor finds this schema.' },
  };
  for (const [key, schema] of CONFIG_KEYS) properties[key] = published(schema);
  for (const [key, schema] of CONFIG_KEYS) {
    for (const alias of schema.fdc.aliases ?? []) {
      properties[alias] = {
        ...published(schema),
        description: `FLOW-DC's other name for ${key}. ${schema.description}`,
      };
    }
  }
  const { $schema, title, type, additionalProperties } = CONFIG_SCHEMA;
  return { $schema, title, type, additionalProperties, properties };
}

function published(schema: KeySchema): JsonSchema {
  const { fdc, description, type, enum: values, properties, additionalProperties, items, ...rest } = schema;
  const isNullable = fdc?.nullable === true;
  const types: string[] = [type];
  if (isBytes(schema) || fdc?.list !== undefined) types.push('string');
  if (isNullable) types.push('null');
  return withoutAbsent({
    description,
    type: types.length === 1 ? type : types,
    enum: values && isNullable ? [...values, null] : values,
    ...rest,
    pattern: isBytes(schema) ? SIZE_PATTERN : rest.pattern,
    items: items && published(items),
    properties: properties && mapped(properties),
    additionalProperties:
      typeof additionalProperties === 'object' ? published(additionalProperties) : additionalProperties,
  });
}

function mapped(properties: Readonly<Record<string, KeySchema>>): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, published(schema)]));
}

function withoutAbsent(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
}
