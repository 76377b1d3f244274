/**
 * The shape of one configuration key: plain JSON Schema plus the keyword `fdc`, which holds everything that JSON Schema
 * cannot say. Validation, settings, types, flags, help and docs/config.md all read it, so a key is described once.
 */

/** The part of the program that a key belongs to; each stage takes its own slice. */
export type Slice = 'manifest' | 'partition' | 'fetch' | 'paarc' | 'sink' | 'store' | 'transport' | 'cluster' | 'run';

export const SLICES: readonly Slice[] = [
  'manifest',
  'partition',
  'fetch',
  'paarc',
  'sink',
  'store',
  'transport',
  'cluster',
  'run',
];

export const COMMANDS = [
  'download',
  'resume',
  'verify',
  'report',
  'serve',
  'submit',
  'worker',
  'status',
  'jobs',
  'cancel',
  'repair',
  'retry',
  'export',
  'refresh',
  'remove',
  'inspect',
  'estimate',
  'partition',
  'config',
  'completion',
  'demo',
] as const;
export type CommandName = (typeof COMMANDS)[number];

/** Headings of help and docs, in their order. */
export const GROUPS = {
  input: 'Input',
  output: 'Output',
  store: 'Object stores',
  fetch: 'Fetching',
  politeness: 'Politeness per host',
  safety: 'Safety',
  network: 'Network',
  run: 'Run',
  memory: 'Memory',
  cluster: 'Several machines',
  paarc: 'Adaptive control (PAARC)',
  other: 'Splitting and estimating',
  flowDc: 'Known from FLOW-DC, without effect',
} as const;
export type Group = keyof typeof GROUPS;

/** What a FLOW-DC user's value of this key does here. `why` completes the sentence for `replaced` and `no-effect`. */
export interface FlowDcEffect {
  readonly effect: 'used' | 'replaced' | 'no-effect';
  readonly why?: string;
  /** What makes a `replaced` key act after all: the original controller, or that and keep_thetas. */
  readonly usedWith?: 'original' | 'keep_thetas';
}

export interface KeyMeta {
  /** Absent for keys that are known, do nothing and are no flags either. */
  readonly slice?: Slice;
  /** Name in the slice's options, camelCase with its unit. Absent for keys that are known and do nothing. */
  readonly option?: string;
  /** Option value = key value x scale, e.g. 1000 for seconds to milliseconds. */
  readonly scale?: number;
  /** Of the key's value, for people. `bytes` and `bytes/s` also take strings such as "64MiB". */
  readonly unit?: 's' | 'min' | 'bytes' | 'bytes/s' | 'requests/s' | 'rows' | 'lines' | 'units' | 'hosts';
  /** FLOW-DC's other spellings, as keys and as flags. */
  readonly aliases?: readonly string[];
  /** Other spellings that only the command line has. */
  readonly flagAliases?: readonly string[];
  /** Flags that set a boolean to false, besides --no-KEY. */
  readonly offFlags?: readonly string[];
  /** For switches that are on by default: what the flag that switches them off does. */
  readonly off?: string;
  /** One-letter flag without its dash. */
  readonly short?: string;
  /** Word for the value in help. */
  readonly value?: string;
  /** What the flag sets without a value; a value that stands by itself is taken only if it fits the pattern. */
  readonly bare?: string;
  /**
   * A list: `repeat` takes one value per flag, `comma` also splits at commas. A single string stands for a list of one.
   */
  readonly list?: 'repeat' | 'comma';
  /** The list [none] means the empty list. */
  readonly none?: true;
  /** null means "not given", as FLOW-DC writes Python's None. */
  readonly nullable?: true;
  /** 0 means the default, as in FLOW-DC. */
  readonly zeroIsDefault?: true;
  /** The default depends on other keys, as these words say; rules.ts computes it. */
  readonly derived?: string;
  /** Values that only the named command accepts. */
  readonly valuesOf?: { readonly command: CommandName; readonly values: readonly string[] };
  /** Environment variable that gives the value when neither file nor flag does. */
  readonly env?: string;
  /** Something on this machine is written there: a URL is refused, for some commands where they are named. */
  readonly local?: true | readonly CommandName[];
  /** Absent in parts of a key (items, host rules). */
  readonly group?: Group;
  /** Shown first in help. */
  readonly common?: true;
  /** Commands that take the flag; by slice when absent. */
  readonly commands?: readonly CommandName[];
  /** false: only in files. */
  readonly flag?: false;
  /** Values are often credentials: neither messages nor `config show` have them. */
  readonly secret?: true;
  /** For values with a pattern: what is expected, in words. */
  readonly expects?: string;
  /** Present when FLOW-DC has the key. */
  readonly flowDc?: FlowDcEffect;
}

export type JsonType = 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';

export interface KeySchema {
  readonly type: JsonType;
  /** Name of the generated interface, for objects with properties. */
  readonly title?: string;
  readonly description?: string;
  readonly default?: string | number | boolean | readonly string[] | Readonly<Record<string, never>>;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly items?: KeySchema;
  readonly properties?: Readonly<Record<string, KeySchema>>;
  /** false, or the schema of a map's values. */
  readonly additionalProperties?: false | KeySchema;
  /** What the names of a map's values may be. */
  readonly propertyNames?: { readonly pattern: string };
  readonly fdc?: KeyMeta;
}

export type Keys = Readonly<Record<string, KeySchema & { readonly description: string; readonly fdc: KeyMeta }>>;
