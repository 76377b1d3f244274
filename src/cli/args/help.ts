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
  const keys = [...CONFIG_KEYS].filter(([, schema]) => commandsOfKey(schema).includes(name));
  const blocks = [`Usage: flow-dc ${usage}`, wrap(summary, '', '')];
  const common = keys.filter(([, { fdc }]) => fdc.common === true);
  blocks.push(block('Common options', [...common.map((entry) => option(entry, name)), ...ownOptions()]));
  for (const group of Object.keys(GROUPS) as Group[]) {
    const members = keys.filter(([, { fdc }]) => fdc.common !== true && fdc.group === group);
    if (members.length === 0) continue;
    blocks.push(
      group === 'paarc'
        ? parameters(members)
        : block(
            GROUPS[group],
            members.map((entry) => option(entry, name)),
          ),
    );
  }
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

function ownOptions(): string[] {
  return [entryText('--config FILE', 'Read keys from a JSON file.'), entryText('-h, --help', 'Show this text.')];
}

function option([key, schema]: [string, KnownKey], command: CommandName): string {
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
  return entryText(
    `${fdc.short === undefined ? '' : `-${fdc.short}, `}${long}${value}`,
    words.filter((word) => word !== '').join(' '),
  );
}

function valuesFor({ enum: values = [], fdc }: KnownKey, command: CommandName): readonly string[] {
  const foreign = fdc.valuesOf;
  return foreign === undefined || foreign.command === command
    ? values
    : values.filter((value) => !foreign.values.includes(value));
}

/** The controller's parameters are many and rarely touched: their names and defaults, close together. */
function parameters(members: readonly [string, KnownKey][]): string {
  const names = members.map(
    ([key, schema]) => `--${plainFlagName(key)}${typeof schema.default === 'number' ? ` ${schema.default}` : ''}`,
  );
  // A name and its default stay on one line.
  const text = names.map((name) => name.replace(' ', '\u00a0')).join(', ');
  const lines = wrap(text, '  ', '  ').replaceAll('\u00a0', ' ');
  return `${GROUPS.paarc}, with defaults; described in docs/config.md\n${lines}`;
}

function defaultText({ default: value, fdc, ...schema }: KnownKey): string {
  if (fdc.derived !== undefined) return `(default: ${fdc.derived})`;
  const unit = fdc.unit === 's' ? ' s' : fdc.unit === 'min' ? ' min' : '';
  if (typeof value === 'number') return `(default: ${isBytes({ ...schema, fdc }) ? formatBytes(value) : value}${unit})`;
  if (typeof value === 'string') return `(default: ${value})`;
  return Array.isArray(value) && value.length > 0 ? `(default: ${value.join(',')})` : '';
}

function block(heading: string, entries: readonly string[]): string {
  return [heading, ...entries].join('\n');
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
