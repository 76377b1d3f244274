/** The flags that each command takes, as the schema of the configuration names them. */
import type { CommandName, Slice } from '../../config/schema/key.ts';
import { CONFIG_KEYS, type KnownKey } from '../../config/schema.ts';

/** One spelling of a flag. */
export interface Flag {
  /** As shown in messages: `--timeout-sec`, `-o`. */
  readonly shown: string;
  /** The configuration key that it sets; `config` and `help` are the program's own. */
  readonly key: string;
  /** Absent for the program's own flags. */
  readonly schema?: KnownKey | undefined;
  /** Set for flags without a value: what they set. */
  readonly sets?: boolean | undefined;
}

/** Who takes the flags of a slice whose keys name no commands. */
const COMMANDS_OF_SLICE: Partial<Record<Slice, readonly CommandName[]>> = {
  fetch: ['download', 'resume', 'estimate', 'config', 'submit', 'worker'],
  paarc: ['download', 'resume', 'estimate', 'config', 'submit', 'worker'],
};

/** The commands that take a key as a flag; none for keys of files only. */
export function commandsOfKey(schema: KnownKey): readonly CommandName[] {
  const { slice, flag, commands } = schema.fdc;
  if (slice === undefined || flag === false) return [];
  const own = commands ?? COMMANDS_OF_SLICE[slice] ?? [];
  // All are a resume: of the units that are taken again, of the rows that are fetched again, of what is left.
  const resuming = (['repair', 'retry', 'refresh', 'remove'] as const).filter((command) => !own.includes(command));
  return own.includes('resume') ? [...own, ...resuming] : own;
}

/** `C_max`, `c-max` and `C-MAX` are one name. */
export function plainFlagName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

/** Every flag a command takes, by its plain name (long) or its letter (short, case counts). */
export function flagsOf(command: CommandName): ReadonlyMap<string, Flag> {
  const flags = new Map<string, Flag>();
  const add = (name: string, flag: Omit<Flag, 'shown'>) => {
    const plain = name.length === 1 ? name : plainFlagName(name);
    if (flags.has(plain)) throw new Error(`two keys claim the flag ${plain}: ${flags.get(plain)?.key} and ${flag.key}`);
    flags.set(plain, { ...flag, shown: name.length === 1 ? `-${name}` : `--${plain}` });
  };
  add('config', { key: 'config' });
  add('config_file', { key: 'config' });
  add('help', { key: 'help', sets: true });
  add('h', { key: 'help', sets: true });
  for (const [key, schema] of CONFIG_KEYS) {
    if (!commandsOfKey(schema).includes(command)) continue;
    const { aliases = [], flagAliases = [], offFlags = [], short } = schema.fdc;
    const isSwitch = schema.type === 'boolean';
    const flag = { key, schema, sets: isSwitch ? true : undefined };
    for (const name of [key, ...aliases, ...flagAliases]) {
      add(name, flag);
      if (isSwitch) add(`no-${name}`, { key, schema, sets: false });
    }
    for (const name of offFlags) add(name, { key, schema, sets: false });
    if (short !== undefined) add(short, flag);
  }
  return flags;
}

/** The key that a plain flag name stands for in some command, or would if the key were not for files only. */
export function keyOfFlagName(
  plainName: string,
): { readonly key: string; readonly commands: readonly CommandName[] } | undefined {
  for (const [key, schema] of CONFIG_KEYS) {
    const { aliases = [], flagAliases = [], offFlags = [] } = schema.fdc;
    const isMeant = [key, ...aliases, ...flagAliases, ...offFlags].some((name) => plainFlagName(name) === plainName);
    if (isMeant) return { key, commands: commandsOfKey(schema) };
  }
  return undefined;
}
