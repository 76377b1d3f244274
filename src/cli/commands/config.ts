/** Config: what a configuration file says, and whether it is right. */
import { combineConfig } from '../../config/combine.ts';
import { describeFlowDcKeys } from '../../config/flow-dc-file.ts';
import { fromImg2dataset } from '../../config/from-img2dataset.ts';
import { type ConfigFile, loadConfigFile } from '../../config/load.ts';
import { resolveConfig, resolvedKeys } from '../../config/resolve.ts';
import { publishedSchema } from '../../config/schema.ts';
import type { Config, ResolvedConfig } from '../../config/types.ts';
import { FlowDcError, isFlowDcError } from '../../errors.ts';
import { shellQuoted } from '../../shell-quoted.ts';
import { withoutUsers } from '../../without-secrets.ts';
import { defineCommand } from '../args/define-command.ts';
import { type CliIo, EXIT, writeLines } from '../terminal/process.ts';

/** `config check|show|schema|from-img2dataset`. */
export const configCommand = defineCommand({
  name: 'config',
  summary:
    'check: say everything that is wrong with a file, or ok, and what becomes of FLOW-DC keys. show: print the ' +
    'resolved configuration with every default, without secrets. schema: print the JSON Schema for editors. Options ' +
    'are laid over the file. from-img2dataset: print what does here what its command line does there.',
  usage: 'config check FILE | config show FILE | config schema | config from-img2dataset -- COMMAND',
  async run(flags, io) {
    const [action, path = flags.configFile, ...rest] = flags.positionals;
    if (action === 'schema' && path === undefined) return print(io, publishedSchema());
    if (action === 'from-img2dataset') return translate(flags.positionals.slice(1), io);
    if ((action !== 'check' && action !== 'show') || path === undefined || rest.length > 0) throw usage(action);
    return action === 'check' ? check(path, flags.config, io) : showResolved(path, flags.config, io);
  },
});

function translate(argv: readonly string[], io: CliIo): number {
  const { words, notes } = fromImg2dataset(argv);
  writeLines(io.stderr, notes);
  writeLines(io.stdout, [['flow-dc', ...words].map(shellQuoted).join(' ')]);
  return EXIT.done;
}

async function check(path: string, flags: Config, io: CliIo): Promise<number> {
  try {
    const file = await loadConfigFile(path);
    const { notices } = resolved(file, flags, io);
    writeLines(io.stdout, [`${path}: ok`, ...describeFlowDcKeys(file.written, flags), ...notices]);
    return EXIT.done;
  } catch (error) {
    if (!isFlowDcError(error) || error.code !== 'FDC_ERR_CONFIG_INVALID') throw error;
    const lines = error.issues.map((issue) => `${path}: ${issue}`);
    writeLines(io.stderr, lines);
    return EXIT.usage;
  }
}

async function showResolved(path: string, flags: Config, io: CliIo): Promise<number> {
  const { settings, notices } = resolved(await loadConfigFile(path), flags, io);
  writeLines(io.stderr, notices);
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
  writeLines(io.stdout, JSON.stringify(value, shown, 2).split('\n'));
  return EXIT.done;
}

/** Neither what headers say, as in messages, nor users and passwords in URLs. */
function shown(key: string, value: unknown): unknown {
  if (typeof value === 'string') return withoutUsers(value);
  if ((key !== 'header' && key !== 'headers') || !Array.isArray(value)) return value;
  return value.map((line) => `${String(line).split(':', 1)[0]}: ***`);
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
