/** The texts of src/config/types.ts and of the files below src/config/types. */
import { isBytes } from '../../src/config/expectation.ts';
import { SLICES, type Slice } from '../../src/config/schema/key.ts';
import { CONFIG_KEYS, keysOfSlice } from '../../src/config/schema.ts';
import { header, interfaceText, pascal, ruleName, type View } from './emit-members.ts';

/** What shares a file below src/config/types: the keys of these slices and their settings. PAARC's are in src/paarc. */
const FILES: Readonly<Record<string, readonly Slice[]>> = {
  input: ['manifest', 'partition'],
  fetch: ['fetch'],
  controller: ['paarc'],
  output: ['sink', 'store', 'run'],
  cluster: ['transport', 'cluster'],
  inert: [],
};

const CONFIG = `/**
 * A configuration as in a file: FLOW-DC's keys, every one optional. FLOW-DC's other spellings work too
 * (docs/config.md).
 */
export interface Config extends ${Object.keys(FILES)
  .map((theme) => `${pascal(theme)}Keys`)
  .join(', ')} {}
`;

const OPTIONS_OF = `/**
 * What may be passed for settings: every one optional, undefined for absent, one text for a list of one, and for sizes
 * texts such as "64MiB" too.
 */
export type OptionsOf<Settings, Sizes extends keyof Settings = never> = {
  readonly [Name in keyof Settings]?: Loose<Settings[Name]> | (Name extends Sizes ? string : never) | undefined;
};

type Loose<Value> = Value extends readonly string[]
  ? string | Value
  : Value extends Readonly<Record<string, object>>
    ? Readonly<Record<string, OptionsOf<Value[string]>>>
    : Value;
`;

/** Paths of the files with their texts. */
export function emitTypes(): [path: string, text: string][] {
  return [['src/config/types.ts', index()], ...Object.entries(FILES).map(themeFile)];
}

function themeFile([theme, slices]: [string, readonly Slice[]]): [path: string, text: string] {
  const keys = [...CONFIG_KEYS].filter(([, { fdc }]) =>
    fdc.slice === undefined ? slices.length === 0 : slices.includes(fdc.slice),
  );
  const doc = slices.length === 0 ? 'Keys of FLOW-DC that do nothing here' : `Keys of ${slices.join(' and ')} in files`;
  const ofCode = slices.filter((slice) => slice !== 'paarc');
  const parts = [
    header(ofCode.length === 0 ? doc : `${doc}, and settings in code`),
    interfaceText(`${pascal(theme)}Keys`, `${doc}.`, keys, 'config'),
    ...slices.flatMap((slice) => [...rulesOf(slice, 'config'), ...rulesOf(slice, 'settings')]),
    ...ofCode.map(settingsInterface),
  ];
  return [`src/config/types/${theme}.ts`, parts.join('\n')];
}

function settingsInterface(slice: Slice): string {
  const members = keysOfSlice(slice).map(({ option, schema }) => [option, schema] as const);
  return interfaceText(settingsName(slice), `Complete settings of the ${slice} part.`, members, 'settings');
}

/** Objects inside keys become interfaces of their own. */
function rulesOf(slice: Slice, view: View): string[] {
  return keysOfSlice(slice).flatMap(({ option, schema: { additionalProperties: rule } }) => {
    if (typeof rule !== 'object' || rule.properties === undefined) return [];
    const members = Object.entries(rule.properties).map(
      ([key, part]) => [view === 'config' ? key : (part.fdc?.option ?? key), part] as const,
    );
    return [interfaceText(ruleName(rule, view), `One value of the map ${option}.`, members, view)];
  });
}

/** What everybody imports: names, and options made of settings. */
function index(): string {
  const themes = Object.keys(FILES).toSorted((a, b) => a.localeCompare(b));
  const settings = SLICES.filter((slice) => slice !== 'paarc')
    .map(settingsName)
    .toSorted((a, b) => a.localeCompare(b));
  const imports = themes.map((theme) => {
    const slices = (FILES[theme] ?? []).filter((slice) => slice !== 'paarc');
    const names = [`${pascal(theme)}Keys`, ...slices.map(settingsName)].toSorted((a, b) => a.localeCompare(b));
    return `import type { ${names.join(', ')} } from './types/${theme}.ts';\n`;
  });
  return [
    `${header('Names of all options and settings')}import type { OriginalSettings, PaarcSettings } from '../paarc/settings.ts';\n${imports.join('')}`,
    "export type { HostRule } from './types/fetch.ts';",
    `export type {\n${settings.map((name) => `  ${name},\n`).join('')}};\n`,
    CONFIG,
    '/** Settings of the controllers, whichever of them is chosen. */',
    'export type ControllerSettings = PaarcSettings & OriginalSettings;\n',
    OPTIONS_OF,
    ...SLICES.map((slice) => `/** What the ${slice} part may be told. */\n${optionsType(slice)}`),
    sliceMap('SliceOptions', 'The options of every slice, by its name.', (slice) => `${pascal(slice)}Options`),
    sliceMap('SliceSettings', 'The settings of every slice, by its name.', settingsName),
    '/** A whole configuration with every default filled in, frozen. */',
    'export interface ResolvedConfig extends SliceSettings {',
    '  /** The proxy is one for all connections. */',
    "  readonly store: StoreSettings & Pick<FetchSettings, 'proxy' | 'noProxy'>;",
    '}\n',
  ].join('\n');
}

function optionsType(slice: Slice): string {
  const sizes = keysOfSlice(slice).flatMap(({ option, schema }) => (isBytes(schema) ? [`'${option}'`] : []));
  const type = [settingsName(slice), ...(sizes.length > 0 ? [sizes.join(' | ')] : [])].join(', ');
  const line = `export type ${pascal(slice)}Options = OptionsOf<${type}>;\n`;
  if (line.length <= 121) return line;
  return `export type ${pascal(slice)}Options = OptionsOf<\n  ${type.replace(', ', ',\n  ')}\n>;\n`;
}

function settingsName(slice: Slice): string {
  return slice === 'paarc' ? 'ControllerSettings' : `${pascal(slice)}Settings`;
}

function sliceMap(name: string, doc: string, typeOf: (slice: Slice) => string): string {
  const members = SLICES.map((slice) => `  readonly ${slice}: ${typeOf(slice)};\n`);
  return `/** ${doc} */\nexport interface ${name} {\n${members.join('')}}\n`;
}
