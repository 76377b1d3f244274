/** A stage's options checked, filled with defaults and frozen; and what a key's value is as an option. */
import { isObject, plainValue } from './canonical.ts';
import { applyRules } from './rules.ts';
import type { KeySchema, Slice } from './schema/key.ts';
import { CONFIG_KEYS, KEY_OF_SPELLING, keysOfSlice } from './schema.ts';
import type { ResolvedConfig, SliceOptions, SliceSettings } from './types.ts';
import { configInvalid, type ObjectSchema, problemsOf } from './validate.ts';

const bySlice = new Map<Slice, ObjectSchema>();

/**
 * Settings carry themselves under this symbol, which a spread passes on: a stage that is given what was checked before,
 * under the options of the same slice, does not check it again.
 */
const SETTINGS = Symbol('flow-dc settings');

interface Checked {
  readonly slice: Slice;
  readonly settings: object;
}

/** Settings that another thread has checked: the mark does not survive being sent. Freezes them again. */
export function checkedBefore(config: ResolvedConfig): ResolvedConfig {
  const slices = Object.entries(config).map(([slice, settings]) => {
    const own = { ...(settings as object) };
    Object.assign(own, { [SETTINGS]: { slice: slice as Slice, settings: own } satisfies Checked });
    return [slice, deepFreeze(own)];
  });
  return Object.freeze(Object.fromEntries(slices)) as ResolvedConfig;
}

function isUnchanged(options: object, settings: object): boolean {
  const entries = Object.entries(options);
  const kept = settings as Readonly<Record<string, unknown>>;
  return entries.length === Object.keys(kept).length && entries.every(([name, value]) => kept[name] === value);
}

/**
 * The settings of one slice: options checked, defaults filled in, deeply frozen. Settings are valid options, so passing
 * them again changes nothing. An option that is undefined counts as absent.
 * Errors: FDC_ERR_CONFIG_INVALID, with every problem in `issues`.
 */
export function stageSettings<S extends Slice>(slice: S, options: SliceOptions[S] = {}): SliceSettings[S] {
  const place = `${slice} options`;
  if (!isObject(options)) throw configInvalid(place, [`expected an object of options, got ${String(options)}`]);
  const known = (options as { readonly [SETTINGS]?: Checked })[SETTINGS];
  if (known?.slice === slice && isUnchanged(options, known.settings)) return known.settings as SliceSettings[S];
  const schema = optionsSchema(slice);
  const given: Record<string, unknown> = {};
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const key = Object.hasOwn(schema.properties, option) ? schema.properties[option] : undefined;
    if (key?.fdc?.zeroIsDefault === true && value === 0) continue;
    given[option] = key === undefined ? value : plainValue(key, value);
  }
  const problems = problemsOf(schema, given, { kind: 'option', suggest: optionOfSpelling });
  if (problems.length > 0) throw configInvalid(place, problems);
  const { settings, problems: contradictions } = complete(slice, given, (option) => option);
  if (contradictions.length > 0) throw configInvalid(place, contradictions);
  return settings;
}

/**
 * Valid options made complete and frozen: defaults, what depends on other options; with the problems between options.
 * @param name - how problems name an option
 */
export function complete<S extends Slice>(
  slice: S,
  given: Readonly<Record<string, unknown>>,
  name: (option: string) => string,
): { readonly settings: SliceSettings[S]; readonly problems: readonly string[] } {
  const settings: Record<string, unknown> = {};
  for (const [option, schema] of Object.entries(optionsSchema(slice).properties)) {
    const value = given[option] ?? schema.default;
    // A copy, because freezing must not reach the caller's own lists, nor the schema's.
    if (value !== undefined) settings[option] = structuredClone(value);
  }
  const problems = applyRules(slice, settings, new Set(Object.keys(given)), name);
  if (problems.length === 0) Object.assign(settings, { [SETTINGS]: { slice, settings } satisfies Checked });
  return { settings: deepFreeze(settings) as unknown as SliceSettings[S], problems };
}

/** Somebody who writes the key of a file, `timeout_sec`, is told the option, `timeoutMs`. */
function optionOfSpelling(name: string): string | undefined {
  const key = KEY_OF_SPELLING.get(name);
  return key === undefined ? undefined : CONFIG_KEYS.get(key)?.fdc.option;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}

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
