/** What the program can be called with, as it tells itself. */
import { Writable } from 'node:stream';
import { flagsOf, plainFlagName } from '../../src/cli/args/flag-table.ts';
import { configCommand } from '../../src/cli/commands/config.ts';
import { demoCommand } from '../../src/cli/commands/demo.ts';
import { COMMANDS } from '../../src/config/schema/key.ts';

export interface Program {
  readonly commands: readonly string[];
  /** Words one of which has to follow a command; none for most. */
  readonly verbs: ReadonlyMap<string, readonly string[]>;
  isFlag(command: string, flag: string): boolean;
}

/** Read commands and flags off the schema, and off a command's own help where it has flags that the schema has not. */
export async function readProgram(): Promise<Program> {
  const demoHelp = await helpOfDemo();
  const demoFlags = new Set(demoHelp.match(/(?<![\w-])--?[a-z][a-z-]*/g));
  const verbs = new Set(configCommand.usage.match(/\b[a-z]+\b/g));
  verbs.delete(configCommand.name);
  return {
    commands: COMMANDS,
    verbs: new Map([[configCommand.name, [...verbs]]]),
    isFlag: (command, flag) => {
      if (command === 'demo') return demoFlags.has(flag);
      const flags = COMMANDS.filter((name) => name === command).map(flagsOf)[0];
      if (!flag.startsWith('--')) return flags?.has(flag.charAt(1)) === true;
      return flag.length > 3 && flags?.has(plainFlagName(flag.slice(2))) === true;
    },
  };
}

async function helpOfDemo(): Promise<string> {
  let text = '';
  const out = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  await demoCommand.run(['--help'], { stdout: out, stderr: out, env: {}, signal: new AbortController().signal });
  return text;
}
