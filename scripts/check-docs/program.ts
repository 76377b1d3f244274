/** What the program can be called with, read off its command table, its schema and its help. */
import { Writable } from 'node:stream';
import type { Command } from '../../src/cli/args/define-command.ts';
import { flagsOf, plainFlagName } from '../../src/cli/args/flag-table.ts';
import { COMMANDS } from '../../src/cli/commands/command-table.ts';
import type { CommandName } from '../../src/config/schema/key.ts';

export interface Program {
  readonly commands: readonly string[];
  /** Words one of which has to follow a command; none for most. */
  readonly verbs: ReadonlyMap<string, readonly string[]>;
  isFlag(command: string, flag: string): boolean;
}

/** Flags come of the schema; those of the demo are no keys of a configuration, and come of its help. */
export async function readProgram(): Promise<Program> {
  const commands = Object.keys(COMMANDS) as CommandName[];
  const [config, completion, demo] = await Promise.all([COMMANDS.config(), COMMANDS.completion(), COMMANDS.demo()]);
  const demoFlags = new Set((await helpOf(demo)).match(/(?<![\w-])--?[a-z][a-z-]*/g));
  const flags = new Map<string, ReadonlyMap<string, unknown>>(commands.map((name) => [name, flagsOf(name)]));
  return {
    commands,
    verbs: new Map([config, completion].map(({ name, usage }) => [name, verbsIn(usage, name)])),
    isFlag: (command, flag) => {
      if (command === demo.name) return demoFlags.has(flag);
      const key = flag.startsWith('--') ? plainFlagName(flag.slice(2)) : flag.charAt(1);
      // One letter is a short flag's name, which two dashes do not make.
      return (key.length > 1 || !flag.startsWith('--')) && flags.get(command)?.has(key) === true;
    },
  };
}

function verbsIn(usage: string, name: string): string[] {
  return (usage.match(/\b[a-z][a-z0-9-]*/g) ?? []).filter((word) => word !== name);
}

async function helpOf(command: Command): Promise<string> {
  let text = '';
  const out = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  await command.run(['--help'], { stdout: out, stderr: out, env: {}, signal: new AbortController().signal });
  return text;
}
