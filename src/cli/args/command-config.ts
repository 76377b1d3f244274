/** The configuration of a command that reads a manifest: how it is put together, and what of it is kept for later. */
import { resolve } from 'node:path';
import { withoutClusterKeys } from '../../cluster/worker.ts';
import { type CombinedConfig, combineConfig } from '../../config/combine.ts';
import { describeFlowDcKeys } from '../../config/flow-dc-file.ts';
import { type ConfigFile, loadConfigFile } from '../../config/load.ts';
import type { Config, ResolvedConfig } from '../../config/types.ts';
import { FlowDcError } from '../../errors.ts';
import { rememberedInput } from '../../run/input-memory.ts';
import { withoutUsers } from '../../without-secrets.ts';
import { type CliIo, writeLines } from '../terminal/process.ts';
import type { ParsedFlags } from './flags.ts';

/** Whoever forgot the pipe sees why nothing happens. */
const FROM_TERMINAL = 'reading the manifest from the terminal: a URL per line, Ctrl-D ends it, Ctrl-C leaves';

export interface CommandConfig extends CombinedConfig {
  /** The file by itself. */
  readonly file: ConfigFile | undefined;
}

/**
 * File, environment and flags in rising order, with the positional arguments as inputs, and what to say about it.
 * Errors: those of loadConfigFile.
 */
export async function commandConfig(flags: ParsedFlags, io: CliIo): Promise<CommandConfig> {
  const file = flags.configFile === undefined ? undefined : await loadConfigFile(flags.configFile);
  const input = flags.positionals.length > 0 ? { input: [...flags.positionals] } : {};
  const { config, notices } = combineConfig({ file, flags: { ...flags.config, ...input }, environment: io.env });
  const fileLines = file?.source === 'flow-dc' ? describeFlowDcKeys(file.written, flags.config) : [];
  return { config, notices: [...fileLines, ...notices], file };
}

/**
 * Says so when the manifest is what somebody will type.
 * @param example - what follows the command's name in the example of the message
 * Errors: FDC_ERR_USAGE when neither the command line nor the file names an input.
 */
export function requireManifest(
  command: string,
  { manifest }: Pick<ResolvedConfig, 'manifest'>,
  io: CliIo,
  example = 'MANIFEST -o DEST',
): void {
  if (manifest.inputs.includes('-') && io.stdin?.isTTY === true) writeLines(io.stderr, [FROM_TERMINAL]);
  if (manifest.inputs.length > 0) return;
  throw new FlowDcError('FDC_ERR_USAGE', `${command}: name a manifest, or - for stdin: flow-dc ${command} ${example}`);
}

/** What a resume or a worker needs: paths that work from anywhere, and nothing that might be a secret. */
export function keptSettings(config: Config): Readonly<Record<string, unknown>> {
  // A resume listens where it is told to, not where an earlier run did, and is quiet only where somebody says so.
  const {
    header: _header,
    serve: _serve,
    on_end: _onEnd,
    quiet: _quiet,
    hosts,
    proxy,
    input = [],
    ...kept
  } = withoutClusterKeys(config);
  const rules = Object.entries(hosts ?? {}).map(([glob, { headers: _headers, ...rule }]) => [glob, rule] as const);
  const inputs = typeof input === 'string' ? [input] : input;
  return {
    ...kept,
    input: inputs.map(rememberedInput),
    // One that wants a password has to be named again, as in the environment it is.
    proxy: proxy !== undefined && withoutUsers(proxy) === proxy ? proxy : undefined,
    hosts: hosts && Object.fromEntries(rules),
    ca_file: kept.ca_file && resolve(kept.ca_file),
    classes: kept.classes && resolve(kept.classes),
  };
}
