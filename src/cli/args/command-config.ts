/** A command's configuration: file, environment, flags. */
import { combineConfig } from '../../config/combine.ts';
import { describeFlowDcKeys } from '../../config/flow-dc-file.ts';
import { type ConfigFile, loadConfigFile } from '../../config/load.ts';
import type { Config } from '../../config/types.ts';
import type { CliIo } from './command.ts';
import type { ParsedFlags } from './flags.ts';

/**
 * The configuration of a command that reads a manifest: file, environment and flags, with the positional arguments as
 * its inputs; what to say about it, a line each; and the file by itself.
 * Errors: those of loadConfigFile.
 */
export async function commandConfig(
  flags: ParsedFlags,
  io: CliIo,
): Promise<{ config: Config; notices: readonly string[]; file: ConfigFile | undefined }> {
  const file = flags.configFile === undefined ? undefined : await loadConfigFile(flags.configFile);
  const input = flags.positionals.length > 0 ? { input: [...flags.positionals] } : {};
  const { config, notices } = combineConfig({ file, flags: { ...flags.config, ...input }, environment: io.env });
  const fileLines = file?.source === 'flow-dc' ? describeFlowDcKeys(file.written, flags.config) : [];
  return { config, notices: [...fileLines, ...notices], file };
}
