/** The schema of a slice's options, for stages built in code. */
import { isObject } from './canonical.ts';
import type { KeySchema, Slice } from './schema/key.ts';
import { keysOfSlice } from './schema.ts';
import type { ObjectSchema } from './validate.ts';

const bySlice = new Map<Slice, ObjectSchema>();

/** The schema of a slice's options: keys under their option names, bounds and defaults in the option's unit. */
export function optionsSchema(slice: Slice): ObjectSchema {
  let schema = bySlice.get(slice);
  if (schema === undefined) {
    const properties = Object.fromEntries(keysOfSlice(slice).map((entry) => [entry.option, asOption(entry.schema)]));
    schema = { type: 'object', additionalProperties: false, properties };
    bySlice.set(slice, schema);
  }
  return schema;
}

/**
 * A key's schema in terms of its option: scaled numbers, camelCase properties, without the values of other commands.
 */
function asOption(schema: KeySchema): KeySchema {
  const scale = schema.fdc?.scale ?? 1;
  const option: Record<string, unknown> = { ...schema };
  for (const bound of ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'default'] as const) {
    const value = schema[bound];
    if (typeof value === 'number') option[bound] = scaled(value, scale);
  }
  const others = schema.fdc?.valuesOf?.values;
  if (schema.enum !== undefined && others !== undefined)
    option.enum = schema.enum.filter((value) => !others.includes(value));
  if (schema.properties !== undefined) option.properties = renamed(schema.properties);
  if (typeof schema.additionalProperties === 'object')
    option.additionalProperties = asOption(schema.additionalProperties);
  return option as unknown as KeySchema;
}

function renamed(properties: Readonly<Record<string, KeySchema>>): Record<string, KeySchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, schema]) => [schema.fdc?.option ?? key, asOption(schema)]),
  );
}

/** A key's valid value as its option's: seconds become milliseconds, the keys of rules camelCase. */
export function optionValue(schema: KeySchema, value: unknown): unknown {
  if (typeof value === 'number') return scaled(value, schema.fdc?.scale ?? 1);
  if (!isObject(value)) return value;
  const rule = schema.additionalProperties;
  if (typeof rule === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, optionValue(rule, entry)]));
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => {
      const property = schema.properties?.[key];
      return property === undefined ? [key, entry] : [property.fdc?.option ?? key, optionValue(property, entry)];
    }),
  );
}

/** Rounded to a thousandth, so that 2.3 s are 2300 ms and not 2299.9999999999995. */
function scaled(value: number, scale: number): number {
  return scale === 1 ? value : Math.round(value * scale * 1000) / 1000;
}
