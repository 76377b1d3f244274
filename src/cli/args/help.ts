/** The text of --help of a command, made from the schema of the configuration. */
import { formatBytes, isBytes } from '../../config/expectation.ts';
import { type CommandName, GROUPS, type Group } from '../../config/schema/key.ts';
import { CONFIG_KEYS, type KnownKey } from '../../config/schema.ts';
import { commandsOfKey, plainFlagName } from './flag-table.ts';

const WIDTH = 100;
/** Where descriptions begin. */
const COLUMN = 32;

/** What a command says of itself. */
export interface CommandHead {
  readonly name: CommandName;
  /** One sentence for the list of commands. */
  readonly summary: string;
  /** What follows the program's name, e.g. `download MANIFEST... -o DEST [options]`. */
  readonly usage: string;
}

/** Help of a command: usage, then its options by purpose with their defaults, common ones first. */
export function helpFor({ name, summary, usage }: CommandHead): string {
  const blocks = [`Usage: flow-dc ${usage}`, wrap(summary, '', '')];
  for (const { heading, options, parameters } of optionsOf(name))
    blocks.push(
      parameters === undefined
        ? [heading, ...options.map(([flag, text]) => entryText(flag, text))].join('\n')
        : closeTogether(heading, parameters),
    );
  blocks.push(
    wrap(
      'Every option is also a key of a --config file, where FLOW-DC files work unchanged; the command line wins. ',
      '',
      '',
    ) + SPELLING,
  );
  return `${blocks.join('\n\n')}\n`;
}

const SPELLING =
  '\n--C_max, --c-max and --c_max are the same, and the spellings of FLOW-DC work (--timeout, --no_tar).';

/** Options with the same purpose. The controller's parameters are many and rarely touched: names and defaults alone. */
export interface OptionGroup {
  readonly heading: string;
  /** Each as it is written, with its value, and what it does. */
  readonly options: readonly (readonly [flag: string, text: string])[];
  readonly parameters?: readonly string[];
}

/** A command's options by purpose, common ones first. */
export function optionsOf(name: CommandName): OptionGroup[] {
  const keys = [...CONFIG_KEYS].filter(([, schema]) => commandsOfKey(schema).includes(name));
  const option = (entry: [string, KnownKey]) => optionText(entry, name);
  const common = keys.filter(([, { fdc }]) => fdc.common === true);
  const groups: OptionGroup[] = [{ heading: 'Common options', options: [...common.map(option), ...OWN] }];
  for (const group of Object.keys(GROUPS) as Group[]) {
    const members = keys.filter(([, { fdc }]) => fdc.common !== true && fdc.group === group);
    const heading = GROUPS[group];
    if (members.length === 0) continue;
    groups.push(
      group === 'paarc'
        ? { heading, options: [], parameters: members.map(parameterText) }
        : { heading, options: members.map(option) },
    );
  }
  return groups;
}

const OWN = [
  ['--config FILE', 'Read keys from a JSON file.'],
  ['-h, --help', 'Show this text.'],
] as const;

function optionText([key, schema]: [string, KnownKey], command: CommandName): readonly [string, string] {
  const { fdc } = schema;
  const isOn = schema.default === true;
  const long = `--${plainFlagName(isOn ? (fdc.offFlags?.[0] ?? `no-${key}`) : key)}`;
  const values = valuesFor(schema, command);
  const inline = values.join('|').length <= 22;
  const value =
    schema.type === 'boolean' ? '' : ` ${values.length > 0 && inline ? values.join('|') : (fdc.value ?? 'VALUE')}`;
  const words = [
    isOn ? (fdc.off ?? `Switch off: ${schema.description}`) : schema.description,
    values.length > 0 && !inline ? `One of ${values.join(', ')}.` : '',
    defaultText(schema),
  ];
  const flag = `${fdc.short === undefined ? '' : `-${fdc.short}, `}${long}${value}`;
  return [flag, words.filter((word) => word !== '').join(' ')];
}

function valuesFor({ enum: values = [], fdc }: KnownKey, command: CommandName): readonly string[] {
  const foreign = fdc.valuesOf;
  return foreign === undefined || foreign.command === command
    ? values
    : values.filter((value) => !foreign.values.includes(value));
}

function parameterText([key, { default: value }]: [string, KnownKey]): string {
  return `--${plainFlagName(key)}${typeof value === 'number' ? ` ${value}` : ''}`;
}

function closeTogether(heading: string, parameters: readonly string[]): string {
  // A name and its default stay on one line.
  const text = parameters.map((name) => name.replace(' ', '\u00a0')).join(', ');
  const lines = wrap(text, '  ', '  ').replaceAll('\u00a0', ' ');
  return `${heading}, with defaults; described in docs/config.md\n${lines}`;
}

function defaultText({ default: value, fdc, ...schema }: KnownKey): string {
  if (fdc.derived !== undefined) return `(default: ${fdc.derived})`;
  const unit = fdc.unit === 's' ? ' s' : fdc.unit === 'min' ? ' min' : '';
  if (typeof value === 'number') return `(default: ${isBytes({ ...schema, fdc }) ? formatBytes(value) : value}${unit})`;
  if (typeof value === 'string') return `(default: ${value})`;
  return Array.isArray(value) && value.length > 0 ? `(default: ${value.join(',')})` : '';
}

function entryText(flag: string, text: string): string {
  const head = `  ${flag}`;
  const indent = ' '.repeat(COLUMN);
  return head.length < COLUMN ? wrap(text, head.padEnd(COLUMN), indent) : `${head}\n${wrap(text, indent, indent)}`;
}

function wrap(text: string, first: string, indent: string): string {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.trim().split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}
