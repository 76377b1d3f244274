/** Check a configuration and turn it into the settings of every slice, with all defaults, frozen. */

import { localProblem } from './local-paths.ts';
import { type CommandName, SLICES, type Slice } from './schema/key.ts';
import { CONFIG_KEYS, keysOfSlice } from './schema.ts';
import { complete, optionValue } from './stage-settings.ts';
import type { Config, ResolvedConfig } from './types.ts';
import { checkedConfig, configInvalid } from './validate.ts';

type Values = Record<string, unknown>;

/**
 * Check a configuration and turn it into the settings of every slice, with all defaults, frozen.
 * @param command - whose meaning counts where a key has one per command (output_format); the library's when absent
 * Errors: FDC_ERR_CONFIG_INVALID, with every problem in `issues`.
 */
export function resolveConfig(config: Config, command?: CommandName): ResolvedConfig {
  const { config: plain, problems } = checkedConfig(config as Values);
  if (problems.length > 0) throw configInvalid('configuration', problems);
  const refused = problemsOfCommand(plain, command);
  const resolved: Partial<Record<Slice, unknown>> = {};
  for (const slice of SLICES) {
    const { settings, problems: contradictions } = complete(slice, optionsOf(slice, plain), keyOfOption(slice));
    resolved[slice] = settings;
    refused.push(...contradictions);
  }
  if (refused.length > 0) throw configInvalid('configuration', refused);
  const { store, fetch } = resolved as unknown as ResolvedConfig;
  resolved.store = Object.freeze({ ...store, proxy: fetch.proxy, noProxy: fetch.noProxy });
  return Object.freeze(resolved) as unknown as ResolvedConfig;
}

/**
 * A resolved configuration as a file would have it: own names, units of files, every default filled in. Keys that have
 * neither a value nor a default are left out, and so are keys without effect.
 */
export function resolvedKeys(resolved: ResolvedConfig): Values {
  const keys: Values = {};
  for (const [key, { fdc }] of CONFIG_KEYS) {
    if (fdc.slice === undefined || fdc.option === undefined) continue;
    const value = (resolved[fdc.slice] as unknown as Values)[fdc.option];
    if (value !== undefined) keys[key] = key === 'hosts' ? hostRules(value as Values) : unscaled(value, fdc.scale);
  }
  return keys;
}

function optionsOf(slice: Slice, plain: Readonly<Values>): Values {
  const options: Values = {};
  for (const { key, option, schema } of keysOfSlice(slice)) {
    const value = plain[key];
    const isDefault = value === undefined || (schema.fdc.zeroIsDefault === true && value === 0);
    const isForeign = schema.fdc.valuesOf?.values.includes(value as string) === true;
    if (!isDefault && !isForeign) options[option] = optionValue(schema, value);
  }
  // A folder per class is what somebody who names the label column wants, unless they say otherwise.
  if (
    slice === 'sink' &&
    options.outputFormat === undefined &&
    plain.label !== undefined &&
    plain.compat === undefined &&
    plain.energon !== true
  )
    options.outputFormat = 'imagefolder';
  if (slice === 'sink' && options.mediaColumn === undefined && plain.expect_content === 'any')
    options.mediaColumn = 'file';
  return options;
}

function problemsOfCommand(plain: Readonly<Values>, command: CommandName | undefined): string[] {
  return [...CONFIG_KEYS].flatMap(([key, { enum: values = [], fdc }]) => {
    const isLocal = fdc.local === true || (command !== undefined && fdc.local?.includes(command) === true);
    const problem = isLocal ? localProblem(key, plain[key], command) : undefined;
    if (problem !== undefined) return [problem];
    const foreign = fdc.valuesOf;
    if (foreign === undefined || command === 'config' || command === foreign.command) return [];
    if (!foreign.values.includes(plain[key] as string)) return [];
    const expected = values.filter((value) => !foreign.values.includes(value)).join(', ');
    return [`${key}: expected one of ${expected}, got "${plain[key]}", which only ${foreign.command} takes`];
  });
}

function keyOfOption(slice: Slice): (option: string) => string {
  return (option) => keysOfSlice(slice).find((entry) => entry.option === option)?.key ?? option;
}

function hostRules(rules: Values): Values {
  const properties = CONFIG_KEYS.get('hosts')?.additionalProperties;
  const known = typeof properties === 'object' ? Object.entries(properties.properties ?? {}) : [];
  const asKeys = (rule: Values) =>
    Object.fromEntries(
      known.flatMap(([key, { fdc }]) => {
        const value = rule[fdc?.option ?? key];
        return value === undefined ? [] : [[key, unscaled(value, fdc?.scale)]];
      }),
    );
  return Object.fromEntries(Object.entries(rules).map(([glob, rule]) => [glob, asKeys(rule as Values)]));
}

function unscaled(value: unknown, scale = 1): unknown {
  return typeof value === 'number' ? value / scale : value;
}
