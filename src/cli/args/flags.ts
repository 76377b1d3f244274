/** A command line, read into keys of the configuration and what stands beside them. */
import { isObject, show, splitList } from '../../config/canonical.ts';
import { joinedRules } from '../../config/combine.ts';
import { nearest } from '../../config/nearest.ts';
import type { CommandName } from '../../config/schema/key.ts';
import type { KnownKey } from '../../config/schema.ts';
import type { Config } from '../../config/types.ts';
import { checkedConfig } from '../../config/validate.ts';
import { FlowDcError } from '../../errors.ts';
import { type Flag, flagsOf, keyOfFlagName, plainFlagName } from './flag-table.ts';
import { foreignFlag, foreignLetter } from './foreign-flags.ts';
import { namedRule } from './named-rule.ts';

export interface ParsedFlags {
  /** What the flags say, under own names and in plain values. */
  readonly config: Config;
  readonly positionals: readonly string[];
  /** Value of --config. */
  readonly configFile?: string | undefined;
  /** --help was among them; nothing else was looked at then. */
  readonly help: boolean;
}

/**
 * Read a command line. Flags are the keys of the schema: `_` equals `-`, case does not matter, `--flag value` and
 * `--flag=value`, `--no-flag` for switches, repeated flags for lists, `--` ends the flags, `-` is a positional.
 * Errors: FDC_ERR_USAGE with every problem in `issues`.
 */
export function parseFlags(argv: readonly string[], { command }: { readonly command: CommandName }): ParsedFlags {
  const reader = new FlagReader(argv, command);
  reader.read();
  if (reader.help) return { config: {}, positionals: [], help: true };
  const { config, problems } = checkedConfig(reader.values, (key) => reader.shownAs.get(key) ?? key);
  const all = [...reader.problems, ...problems];
  if (all.length > 0)
    throw new FlowDcError('FDC_ERR_USAGE', `${all.join('; ')} (flow-dc ${command} --help)`, { issues: all });
  return { config: config as Config, positionals: reader.positionals, configFile: reader.configFile, help: false };
}

class FlagReader {
  readonly values: Record<string, unknown> = {};
  readonly positionals: string[] = [];
  readonly problems: string[] = [];
  /** The spelling by which each key was given last. */
  readonly shownAs = new Map<string, string>();
  configFile: string | undefined;
  help = false;
  readonly #rest: string[];
  readonly #command: CommandName;
  readonly #flags: ReadonlyMap<string, Flag>;

  constructor(argv: readonly string[], command: CommandName) {
    this.#rest = [...argv];
    this.#command = command;
    this.#flags = flagsOf(command);
  }

  read(): void {
    for (let token = this.#rest.shift(); token !== undefined; token = this.#rest.shift()) {
      if (token === '--') {
        this.positionals.push(...this.#rest.splice(0));
      } else if (token.startsWith('--')) {
        const at = token.indexOf('=');
        this.#long(at < 0 ? token.slice(2) : token.slice(2, at), at < 0 ? undefined : token.slice(at + 1));
      } else if (token.startsWith('-') && token !== '-' && !token.startsWith('-::')) {
        this.#short(token);
      } else {
        this.positionals.push(token);
      }
    }
  }

  #long(name: string, value: string | undefined): void {
    const plain = plainFlagName(name);
    // One letter is a short flag's name, which two dashes do not make.
    const flag = plain.length > 1 ? this.#flags.get(plain) : undefined;
    if (flag === undefined) this.problems.push(this.#unknown(`--${name}`, plain));
    else this.#take(flag, value);
  }

  /** `-o DEST`, `-oDEST`, `-f`; `-output` is a long flag that lacks a dash. */
  #short(token: string): void {
    const plain = plainFlagName(token.slice(1));
    const flag = this.#flags.get(token.charAt(1));
    const attached = token.slice(2);
    if (plain.length > 1 && this.#flags.has(plain)) {
      this.problems.push(`unknown flag ${token}; did you mean --${plain}?`);
    } else if (flag === undefined || (flag.sets !== undefined && attached !== '')) {
      const foreign = foreignLetter(token);
      this.problems.push(
        `unknown flag ${token}${foreign === undefined ? '; a name that begins with - goes after --' : ` (${foreign})`}`,
      );
    } else {
      this.#take(flag, attached === '' ? undefined : attached.replace(/^=/, ''));
    }
  }

  #take(flag: Flag, attached: string | undefined): void {
    if (flag.key === 'help') {
      this.help = true;
    } else if (flag.sets !== undefined) {
      this.#set(flag, this.#switched(flag, attached));
    } else {
      const value = attached ?? this.#nextValue(flag.schema);
      if (value === undefined) this.problems.push(`${flag.shown} needs a value${valueHint(flag)}`);
      else if (flag.schema === undefined) this.configFile = value;
      else this.#set(flag, typed(flag.schema, value));
    }
  }

  /** The next token unless it is a flag; a negative number is a value (and out of bounds, most likely). */
  #nextValue(schema: KnownKey | undefined): string | undefined {
    const next = this.#rest[0];
    const bare = schema?.fdc.bare;
    if (bare !== undefined && !new RegExp(schema?.pattern ?? '').test(next ?? '')) return bare;
    if (next === undefined || (next.startsWith('-') && next !== '-' && !/^-[\d.]/.test(next))) return undefined;
    return this.#rest.shift();
  }

  #switched(flag: Flag, attached: string | undefined): unknown {
    if (attached === undefined) return flag.sets;
    if (flag.sets === true && (attached === 'true' || attached === 'false')) return attached === 'true';
    this.problems.push(`${flag.shown} takes no value, got ${show(attached)}`);
    return flag.sets;
  }

  #set(flag: Flag, value: unknown): void {
    const { key, shown, schema } = flag;
    const before = this.values[key];
    const beforeAs = this.shownAs.get(key);
    if (Array.isArray(before) && Array.isArray(value)) {
      before.push(...value);
    } else if (isObject(before) && isObject(value)) {
      this.values[key] = joinedRules(before as Record<string, object>, value as Record<string, object>);
    } else {
      const isSwitch = schema?.type === 'boolean';
      if (!isSwitch && beforeAs !== undefined && beforeAs !== shown && before !== value) {
        // A path, a header or a command may hold a secret.
        const values = typeof value === 'number' ? `the values ${show(before)} and ${show(value)}` : 'two values';
        this.problems.push(`${beforeAs} and ${shown} are one option, but have ${values}; keep one`);
      }
      this.values[key] = value;
    }
    this.shownAs.set(key, shown);
  }

  #unknown(shown: string, plain: string): string {
    const own = plain.startsWith('no-') ? this.#flags.get(plain.slice(3)) : undefined;
    if (own !== undefined && own.schema?.type !== 'boolean') {
      const off = own.schema?.enum?.find((value) => value === 'off' || value === 'none');
      return `${shown} is no flag: ${own.shown} takes a value${off === undefined ? valueHint(own) : `, here ${off}`}`;
    }
    const meant = keyOfFlagName(plain.replace(/^no-/, ''));
    if (meant?.commands.length === 0) return `${shown} is no flag; set the key ${meant.key} in a --config file`;
    if (meant !== undefined)
      return `${shown} is not an option of ${this.#command}, but of ${meant.commands.join(', ')}`;
    const foreign = foreignFlag(plain);
    if (foreign !== undefined) return `unknown flag ${shown} (${foreign})`;
    const near = nearest(
      plain,
      [...this.#flags.keys()].filter((name) => name.length > 1),
    );
    return `unknown flag ${shown}${near === undefined ? '' : `; did you mean --${near}?`}`;
  }
}

function valueHint(flag: Flag): string {
  const { schema } = flag;
  if (schema === undefined) return ' (FILE)';
  return schema.enum === undefined ? ` (${schema.fdc.value ?? 'VALUE'})` : ` (${schema.enum.join(', ')})`;
}

/** Text as the key's type where it has that form; what has not is left for the validator to name. */
function typed(schema: KnownKey, text: string): unknown {
  if (schema.fdc.list !== undefined) return splitList(schema, text);
  if (schema.type === 'object') return namedRule(schema, text) ?? text;
  const isNumber = schema.type === 'integer' || schema.type === 'number';
  return isNumber && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
}
