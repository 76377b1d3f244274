/** The JSON Schema that editors use, from the same keys. */
import { SIZE_PATTERN } from './bytes.ts';
import { isBytes } from './expectation.ts';
import type { KeySchema } from './schema/key.ts';
import { CONFIG_KEYS, CONFIG_SCHEMA } from './schema.ts';

type JsonSchema = Record<string, unknown>;

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
  const { fdc, type, enum: values, properties, additionalProperties, items, ...rest } = schema;
  const types: string[] = [type];
  if (isBytes(schema) || fdc?.list !== undefined) types.push('string');
  if (fdc?.nullable === true) types.push('null');
  return {
    ...(rest.description === undefined ? {} : { description: rest.description }),
    type: types.length === 1 ? type : types,
    ...(values === undefined ? {} : { enum: fdc?.nullable === true ? [...values, null] : values }),
    ...rest,
    ...(isBytes(schema) ? { pattern: SIZE_PATTERN } : {}),
    ...(items === undefined ? {} : { items: published(items) }),
    ...(properties === undefined ? {} : { properties: mapped(properties) }),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === 'object' ? published(additionalProperties) : additionalProperties,
        }),
  };
}

function mapped(properties: Readonly<Record<string, KeySchema>>): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, published(schema)]));
}
