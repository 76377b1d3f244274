/** File, environment and command line to one configuration, in rising order. */
import { setAsideKeys } from './flow-dc-file.ts';
import type { ConfigFile } from './load.ts';
import { CONFIG_KEYS, KEY_OF_SPELLING } from './schema.ts';
import type { Config } from './types.ts';

export interface ConfigLayers {
  readonly file?: ConfigFile | undefined;
  /** Only the variables that keys name are looked at, e.g. FLOW_DC_CONTACT. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** What the command line says, under own names; wins over everything. */
  readonly flags?: Config | undefined;
}

export interface CombinedConfig {
  readonly config: Config;
  /** What somebody who comes from FLOW-DC would not expect, one line each. */
  readonly notices: readonly string[];
}

/**
 * One configuration from file, environment and command line, in rising order. A list on the command line replaces the
 * file's. A FLOW-DC file brings FLOW-DC's default of output_format along, and its latency thresholds stay out unless
 * `law` is original or `keep_thetas` is set.
 */
export function combineConfig({ file, environment = {}, flags = {} }: ConfigLayers): CombinedConfig {
  const fromFile: Record<string, unknown> = { ...file?.config };
  const notices: string[] = [];
  if (file?.source === 'flow-dc') {
    const told = { ...file.config, ...flags };
    for (const name of setAsideKeys(file.written, told)) delete fromFile[KEY_OF_SPELLING.get(name) as string];
    fromFile.output_format ??= 'imagefolder';
    Object.assign(fromFile, oldRateLimit(file.config));
    if (isForDownload(file) && told.compress_tar === undefined && told.create_tar !== false) {
      notices.push(
        `${file.path} does not set compress_tar: FLOW-DC would write .tar.gz, here shards stay plain .tar ` +
          '(loaders want to seek)',
      );
    }
  }
  return { config: withFlags({ ...fromEnvironment(environment), ...fromFile } as Config, flags), notices };
}

/** What the command line says wins, and of hosts key by key: a rule more is not all of them. */
export function withFlags(config: Config, flags: Config): Config {
  const { hosts } = flags;
  return { ...config, ...flags, ...(hosts === undefined ? {} : { hosts: joinedRules(hosts, config.hosts ?? {}) }) };
}

/** Rules of two maps, those of the first one before the others, since the first glob that matches counts. */
export function joinedRules<Rule extends object>(
  first: Readonly<Record<string, Rule>>,
  then: Readonly<Record<string, Rule>>,
): Record<string, Rule> {
  const both = Object.entries(first).map(([glob, rule]) => [glob, { ...then[glob], ...rule }] as const);
  return { ...Object.fromEntries(both), ...without(then, first) };
}

function without<Rule>(rules: Readonly<Record<string, Rule>>, known: object): Record<string, Rule> {
  return Object.fromEntries(Object.entries(rules).filter(([glob]) => !Object.hasOwn(known, glob)));
}

/** The token bucket of its first versions, where it is on: a ceiling for every host. */
function oldRateLimit({ enable_rate_limiting: isOn, rate_limit: rate, hosts = {} }: Config): Pick<Config, 'hosts'> {
  if (isOn !== true || rate === undefined || rate <= 0) return {};
  return { hosts: { ...hosts, '*': { rate, ...hosts['*'] } } };
}

/** FLOW-DC's other programs have files too; only those for downloads have controller keys. */
function isForDownload(file: ConfigFile): boolean {
  return Object.keys(file.config).some((key) => key === 'enable_paarc' || CONFIG_KEYS.get(key)?.fdc.slice === 'paarc');
}

function fromEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [key, { fdc }] of CONFIG_KEYS) {
    const value = fdc.env === undefined ? undefined : environment[fdc.env];
    if (value !== undefined && value !== '') values[key] = value;
  }
  return values;
}
