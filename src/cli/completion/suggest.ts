/** What may stand at the end of a command line that somebody types. */
import { COMMANDS, type CommandName } from '../../config/schema/key.ts';
import type { KnownKey } from '../../config/schema.ts';
import { ROW_CODES } from '../../row-codes.ts';
import { type Flag, flagsOf, plainFlagName } from '../args/flag-table.ts';

/** A word with a few words about it. */
export type Word = readonly [word: string, about: string];

/**
 * What may stand there. `columns` and `jobs` have to be looked up: in manifests, and on the server that the words name.
 * `files`: whatever the shell offers.
 */
export type Suggestion =
  | { readonly kind: 'words'; readonly words: readonly Word[] }
  | { readonly kind: 'columns'; readonly manifests: readonly string[]; readonly prefix: string }
  | { readonly kind: 'jobs'; readonly nats: readonly string[] }
  | { readonly kind: 'files' };

/** What stands beside the flags of a command, where that is not a file. */
const ACTIONS: Partial<Record<CommandName, readonly string[]>> = {
  config: ['check', 'show', 'schema', 'from-img2dataset'],
  completion: ['bash', 'zsh', 'fish'],
};
const TAKES_JOB: ReadonlySet<CommandName> = new Set(['status', 'cancel', 'repair']);

/**
 * @param before - the words after the program's name, without the one that is being typed
 * @param current - that one, as far as it is typed
 * @param summaries - of the commands
 */
export function suggest(
  before: readonly string[],
  current: string,
  summaries: ReadonlyMap<CommandName, string>,
): Suggestion {
  const [name, ...rest] = before;
  if (name === undefined)
    return words(
      [...COMMANDS.map((command) => [command, firstSentence(summaries.get(command))] as const), ['help', 'Show help.']],
      current,
    );
  if (name === 'help')
    return words(rest.length === 0 ? COMMANDS.map((command) => [command, ''] as const) : [], current);
  const command = COMMANDS.find((one) => one === name);
  if (command === undefined) return { kind: 'files' };
  const typed = withoutEquals(rest, current);
  return inCommand(command, typed.before, typed.current);
}

/** Shells that break words at `=` hand it over as a word of its own. */
function withoutEquals(rest: readonly string[], current: string) {
  return { before: rest.filter((word) => word !== '='), current: current === '=' ? '' : current };
}

function inCommand(command: CommandName, before: readonly string[], current: string): Suggestion {
  const flags = flagsOf(command);
  const [, attachedTo, value = ''] = /^(--[^=]+=)(.*)$/.exec(current) ?? [];
  const open = flagNamed(attachedTo?.slice(0, -1) ?? before.at(-1), flags);
  if (open !== undefined && (open.sets === undefined || attachedTo !== undefined)) {
    const { schema } = open;
    if (attachedTo === undefined) return valuesOf(schema, command, before, current, flags, '');
    return valuesOf(schema, command, before, value, flags, attachedTo);
  }
  if (current.startsWith('-')) return words(flagWords(flags), current);
  const positionals = positionalsIn(before, flags);
  const actions = ACTIONS[command];
  if (actions !== undefined && positionals.length === 0)
    return words(
      actions.map((action) => [action, '']),
      current,
    );
  if (TAKES_JOB.has(command) && positionals.length === 0) return { kind: 'jobs', nats: natsIn(before) };
  return { kind: 'files' };
}

function valuesOf(
  schema: KnownKey | undefined,
  command: CommandName,
  before: readonly string[],
  current: string,
  flags: ReadonlyMap<string, Flag>,
  prefix: string,
): Suggestion {
  const values = schema?.enum ?? schema?.items?.enum;
  const foreign = schema?.fdc.valuesOf;
  if (values !== undefined) {
    const own = foreign === undefined || foreign.command === command;
    const mine = own ? values : values.filter((value) => !foreign.values.includes(value));
    return words(
      mine.map((value) => [prefix + value, '']),
      prefix + current,
    );
  }
  if (schema?.fdc.value === 'COLUMN') return { kind: 'columns', manifests: positionalsIn(before, flags), prefix };
  if (schema?.fdc.option === 'job') return { kind: 'jobs', nats: natsIn(before) };
  if (schema?.fdc.value === 'CODES') return codes(prefix, current);
  return { kind: 'files' };
}

/** Of a list, the last one. */
function codes(prefix: string, current: string): Suggestion {
  const before = prefix + current.slice(0, current.lastIndexOf(',') + 1);
  const sets = before === prefix ? [['transient', 'Those that may pass.'] as const, ['all', ''] as const] : [];
  const all = [...sets, ...Object.entries(ROW_CODES).map(([code, { text }]) => [code, text] as const)];
  return words(
    all.map(([code, about]) => [before + code, about]),
    prefix + current,
  );
}

function flagNamed(token: string | undefined, flags: ReadonlyMap<string, Flag>): Flag | undefined {
  if (token?.startsWith('--')) return token.length > 3 ? flags.get(plainFlagName(token.slice(2))) : undefined;
  return token?.startsWith('-') && token.length === 2 ? flags.get(token.charAt(1)) : undefined;
}

/** One spelling of each: a key's own name, and for what is on the one that switches it off. */
function flagWords(flags: ReadonlyMap<string, Flag>): Word[] {
  const found = new Map<string, Word>();
  for (const [name, { key, schema, sets }] of flags) {
    if (name.length === 1) continue;
    const isOn = schema?.default === true;
    if (sets !== undefined && schema !== undefined && sets === isOn) continue;
    if (found.has(key)) continue;
    const about = schema === undefined ? '' : isOn ? (schema.fdc.off ?? '') : schema.description;
    found.set(key, [`--${name}`, firstSentence(about)]);
  }
  return [...found.values()];
}

function positionalsIn(before: readonly string[], flags: ReadonlyMap<string, Flag>): string[] {
  const found: string[] = [];
  for (let at = 0; at < before.length; at += 1) {
    const token = before[at] as string;
    if (!token.startsWith('-') || token === '-') found.push(token);
    else if (!token.includes('=') && flagNamed(token, flags)?.sets === undefined) at += 1;
  }
  return found;
}

function natsIn(before: readonly string[]): string[] {
  const at = before.lastIndexOf('--nats');
  return at >= 0 && before[at + 1] !== undefined ? ['--nats', before[at + 1] as string] : [];
}

function words(all: readonly Word[], current: string): Suggestion {
  const wanted = all.filter(([word]) => word.toLowerCase().startsWith(current.toLowerCase()));
  return { kind: 'words', words: wanted };
}

function firstSentence(text = ''): string {
  return (/^.*?[.:;](?= |$)/.exec(text)?.[0] ?? text).replace(/[.:;]$/, '');
}
