/** Config check|show|schema. */
import { combineConfig } from '../../config/combine.ts';
import { describeFlowDcKeys } from '../../config/flow-dc-file.ts';
import { type ConfigFile, loadConfigFile } from '../../config/load.ts';
import { resolveConfig, resolvedKeys } from '../../config/resolve.ts';
import { publishedSchema } from '../../config/schema.ts';
import type { Config, ResolvedConfig } from '../../config/types.ts';
import { FlowDcError, isFlowDcError } from '../../errors.ts';
import type { CliIo, Command } from '../args/command.ts';
import { parseFlags } from '../args/flags.ts';
import { helpFor } from '../args/help.ts';

/** `config check|show|schema`: what a configuration file says, and whether it is right. */
export const configCommand: Command = {
  name: 'config',
  summary:
    'check: say everything that is wrong with a file, or ok, and what becomes of FLOW-DC keys. show: print the resolved ' +
    'configuration with every default. schema: print the JSON Schema for editors. Options are laid over the file.',
  usage: 'config check FILE | config show FILE | config schema',
  async run(argv, io) {
    const flags = parseFlags(argv, { command: 'config' });
    if (flags.help) {
      io.stdout.write(helpFor(configCommand));
      return 0;
    }
    const [action, path = flags.configFile, ...rest] = flags.positionals;
    if (action === 'schema' && path === undefined) return print(io, publishedSchema());
    if ((action !== 'check' && action !== 'show') || path === undefined || rest.length > 0) throw usage(action);
    return action === 'check' ? await check(path, flags.config, io) : await showResolved(path, flags.config, io);
  },
};

async function check(path: string, flags: Config, io: CliIo): Promise<number> {
  try {
    const file = await loadConfigFile(path);
    const { notices } = resolved(file, flags, io);
    io.stdout.write(`${[`${path}: ok`, ...describeFlowDcKeys(file.written, flags), ...notices].join('\n')}\n`);
    return 0;
  } catch (error) {
    if (!isFlowDcError(error) || error.code !== 'FDC_ERR_CONFIG_INVALID') throw error;
    io.stderr.write(error.issues.map((issue) => `${path}: ${issue}\n`).join(''));
    return 2;
  }
}

async function showResolved(path: string, flags: Config, io: CliIo): Promise<number> {
  const { settings, notices } = resolved(await loadConfigFile(path), flags, io);
  for (const notice of notices) io.stderr.write(`${notice}\n`);
  return print(io, resolvedKeys(settings));
}

function resolved(
  file: ConfigFile,
  flags: Config,
  io: CliIo,
): { settings: ResolvedConfig; notices: readonly string[] } {
  const { config, notices } = combineConfig({ file, flags, environment: io.env });
  return { settings: resolveConfig(config, 'config'), notices };
}

function print(io: CliIo, value: unknown): number {
  io.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  return 0;
}

function usage(action: string | undefined): FlowDcError {
  const what =
    action === undefined
      ? 'say what to do'
      : action === 'check' || action === 'show'
        ? `${action} takes one file`
        : `unknown action ${action}`;
  return new FlowDcError('FDC_ERR_USAGE', `config: ${what}: flow-dc ${configCommand.usage}`);
}
