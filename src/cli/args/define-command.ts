/** The part that all commands have in common: help, reading of the flags, the check of what stands beside them. */
import { FlowDcError } from '../../errors.ts';
import { type CliIo, EXIT, writeOwn } from '../terminal/process.ts';
import { type ParsedFlags, parseFlags } from './flags.ts';
import { type CommandHead, helpFor } from './help.ts';

/** One command as the program runs it. */
export interface Command extends CommandHead {
  /**
   * @param argv - what follows the command's name
   * @returns the exit code; a thrown FlowDcError ends with the one of its code
   */
  run(argv: readonly string[], io: CliIo): Promise<number>;
}

/** What a command file says: only what no other command has. */
export interface CommandDefinition extends CommandHead {
  /** How many arguments may stand beside the flags; absent where the command looks at them itself. */
  readonly positionals?: PositionalRule | undefined;
  /** Called unless help was asked for. Flags are the configuration's keys that name this command. */
  run(flags: ParsedFlags, io: CliIo): Promise<number>;
}

export interface PositionalRule {
  readonly least: number;
  readonly most: number;
  /** Completes the sentence "NAME takes ..." of the FDC_ERR_USAGE for any other number. */
  readonly words: string;
}

export function defineCommand(definition: CommandDefinition): Command {
  const { name, summary, usage, positionals: rule } = definition;
  const head = { name, summary, usage };
  return {
    ...head,
    async run(argv, io) {
      const flags = parseFlags(argv, { command: name });
      if (flags.help) {
        writeOwn(io.stdout, helpFor(head));
        return EXIT.done;
      }
      const given = flags.positionals.length;
      if (rule !== undefined && (given < rule.least || given > rule.most))
        throw new FlowDcError('FDC_ERR_USAGE', `${name} takes ${rule.words}`);
      return definition.run(flags, io);
    },
  };
}
