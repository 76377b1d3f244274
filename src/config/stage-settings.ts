/** A stage's options checked, filled with defaults and frozen. */
import { FlowDcError } from '../errors.ts';
import { isObject, plainValue } from './canonical.ts';
import { optionsSchema } from './options.ts';
import { applyRules } from './rules.ts';
import type { Slice } from './schema/key.ts';
import { CONFIG_KEYS, KEY_OF_SPELLING } from './schema.ts';
import type { SliceOptions, SliceSettings } from './types.ts';
import { problemsOf } from './validate.ts';

/**
 * The settings of one slice: options checked, defaults filled in, deeply frozen. Settings are valid options, so passing
 * them again changes nothing. An option that is undefined counts as absent.
 * Errors: FDC_ERR_CONFIG_INVALID, with every problem in `issues`.
 */
export function stageSettings<S extends Slice>(slice: S, options: SliceOptions[S] = {}): SliceSettings[S] {
  if (!isObject(options)) throw invalid(slice, [`expected an object of options, got ${String(options)}`]);
  const schema = optionsSchema(slice);
  const given: Record<string, unknown> = {};
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const key = Object.hasOwn(schema.properties, option) ? schema.properties[option] : undefined;
    if (key?.fdc?.zeroIsDefault === true && value === 0) continue;
    given[option] = key === undefined ? value : plainValue(key, value);
  }
  const problems = problemsOf(schema, given, { kind: 'option', suggest: optionOfSpelling });
  if (problems.length > 0) throw invalid(slice, problems);
  const { settings, problems: contradictions } = complete(slice, given, (option) => option);
  if (contradictions.length > 0) throw invalid(slice, contradictions);
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
  return { settings: deepFreeze(settings) as unknown as SliceSettings[S], problems };
}

/** Somebody who writes the key of a file, `timeout_sec`, is told the option, `timeoutMs`. */
function optionOfSpelling(name: string): string | undefined {
  const key = KEY_OF_SPELLING.get(name);
  return key === undefined ? undefined : CONFIG_KEYS.get(key)?.fdc.option;
}

function invalid(slice: Slice, problems: readonly string[]): FlowDcError {
  return new FlowDcError('FDC_ERR_CONFIG_INVALID', `${slice} options: ${problems.join('; ')}`, { issues: problems });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}
