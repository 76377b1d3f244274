/** Everything that one option says about another. */
import { isUrl, said } from './local-paths.ts';
import type { Slice } from './schema/key.ts';
import { uploadProblem } from './upload-secrets.ts';

type Values = Record<string, unknown>;

interface Rule {
  readonly slice: Slice;
  /** Option that the rule is about; problems name it. */
  readonly option: string;
  /** The option's value when it was not given, from the values of the slice. */
  readonly derive?: (values: Values) => unknown;
  /** What is wrong with it when it was given, in terms of another option, or undefined. */
  readonly check?: (values: Values, name: (option: string) => string) => string | undefined;
}

/** Everything that one option says about another; bounds of single options stand in the schema. */
const RULES: readonly Rule[] = [
  {
    slice: 'paarc',
    option: 'cMin',
    derive: (v) => Math.min(number(v.cMin), number(v.cMax), number(v.cInit)),
    check: atMost('cMin', 'cMax'),
  },
  {
    slice: 'paarc',
    option: 'cInit',
    derive: (v) => Math.max(number(v.cMin), Math.min(number(v.cInit), number(v.cMax))),
    check: (v, name) => atMost('cInit', 'cMax')(v, name) ?? atMost('cMin', 'cInit')(v, name),
  },
  { slice: 'paarc', option: 'theta50', derive: (v) => Math.min(number(v.theta50), number(v.theta95)) },
  {
    slice: 'paarc',
    option: 'theta95',
    derive: (v) => Math.max(number(v.theta50), number(v.theta95)),
    check: atMost('theta50', 'theta95'),
  },
  {
    slice: 'paarc',
    option: 'startupTheta50',
    derive: (v) => Math.min(number(v.startupTheta50), number(v.startupTheta95)),
  },
  {
    slice: 'paarc',
    option: 'startupTheta95',
    derive: (v) => Math.max(number(v.startupTheta50), number(v.startupTheta95)),
    check: atMost('startupTheta50', 'startupTheta95'),
  },
  {
    slice: 'fetch',
    option: 'spillBytes',
    derive: (v) => Math.min(number(v.spillBytes), number(v.bodyMemoryBytes)),
    check: atMost('spillBytes', 'bodyMemoryBytes'),
  },
  {
    slice: 'partition',
    option: 'shardSize',
    derive: (v) => (v.shardBytes === undefined ? v.shardSize : rowsOfShard(v)),
    check: (v, name) =>
      v.shardBytes === undefined || v.shardSize === rowsOfShard(v)
        ? undefined
        : `${name('shardBytes')} says how many rows a shard has; leave ${name('shardSize')} out`,
  },
  {
    slice: 'partition',
    option: 'meanBytes',
    check: (v, name) =>
      v.shardBytes === undefined ? `${name('meanBytes')} goes with ${name('shardBytes')}` : undefined,
  },
  {
    slice: 'partition',
    option: 'groupBy',
    check: (v, name) =>
      v.mix === true && v.groupBy !== 'host'
        ? `${name('mix')} takes hosts apart; leave ${name('groupBy')} out`
        : undefined,
  },
  {
    slice: 'sink',
    option: 'outputFormat',
    derive: (v) => (v.createTar === false ? 'imagefolder' : v.outputFormat),
    check: (v, name) =>
      v.createTar === false && v.outputFormat === 'webdataset'
        ? `${name('outputFormat')} webdataset is made of tar shards; use imagefolder, or leave ${name('createTar')} on`
        : v.outputFormat === 'parquet'
          ? parquetProblem(v, name)
          : undefined,
  },
  { slice: 'sink', option: 'energon', check: energonProblem },
  { slice: 'sink', option: 'compat', check: compatProblem },
  { slice: 'sink', option: 'mediaColumn', derive: (v) => v.mediaColumn ?? 'image' },
  {
    slice: 'sink',
    option: 'createTar',
    check: (v, name) =>
      v.output === '-' && v.createTar === false
        ? `${name('output')} - is a tar on stdout: leave ${name('createTar')} on, or name a folder for loose files`
        : undefined,
  },
  {
    slice: 'sink',
    option: 'mtime',
    check: (v, name) =>
      v.createTar === false || v.outputFormat === 'parquet'
        ? `${name('mtime')} is of the entries of tar shards; leave ${name('createTar')} on, and write imagefolder or ` +
          'webdataset'
        : undefined,
  },
  {
    slice: 'sink',
    option: 'outcomes',
    check: (v, name) =>
      v.output === '-' ? undefined : `${name('outcomes')} goes with ${name('output')} -; others keep a table per shard`,
  },
  // Somebody has to keep what the job knows.
  { slice: 'sink', option: 'output', derive: (v) => folderFor(v.cloudDestination as string | undefined) },
  {
    slice: 'sink',
    option: 'cloudDestination',
    check: (v, name) =>
      v.output === 'none:' || v.output === '-'
        ? `${name('cloudDestination')}: expected a folder for what the job keeps, got ${name('output')} ${v.output}`
        : isUrl(v.output)
          ? `${name('cloudDestination')}: expected a folder for what the job keeps, got ${name('output')} ` +
            `${said(v.output)}; leave one of the two out`
          : uploadProblem(
              name('cloudDestination'),
              v.cloudDestination,
              v.cloudTool === 'scp' || v.cloudPutCommand !== undefined,
            ),
  },
  {
    slice: 'sink',
    option: 'cloudPutCommand',
    check: (v, name) =>
      v.cloudDestination === undefined
        ? `${name('cloudPutCommand')} needs ${name('cloudDestination')}, which says where to`
        : v.createTar === false
          ? `${name('cloudPutCommand')} takes one file at a time; leave ${name('createTar')} on, or name a ${name('cloudTool')}`
          : uploadProblem(name('cloudPutCommand'), v.cloudPutCommand, true),
  },
  {
    slice: 'sink',
    option: 'cloudStream',
    check: (v, name) =>
      v.cloudStream !== true
        ? undefined
        : v.cloudDestination === undefined
          ? `${name('cloudStream')} needs ${name('cloudDestination')}, which says where to`
          : v.createTar === false
            ? `${name('cloudStream')}: loose files are written here first; leave it out, or leave ${name('createTar')} on`
            : undefined,
  },
  { slice: 'sink', option: 'imageName', derive: imageNameFor },
  { slice: 'sink', option: 'cls', derive: (v) => v.compat === undefined },
];

/**
 * Compute what depends on other options, in place, and return the problems between options.
 * @param given - names of the options that were given; the others are free to be adapted to them
 * @param name - how problems name an option
 */
export function applyRules(
  slice: Slice,
  values: Values,
  given: ReadonlySet<string>,
  name: (option: string) => string,
): string[] {
  const problems: string[] = [];
  for (const rule of RULES) {
    if (rule.slice !== slice) continue;
    if (!given.has(rule.option)) {
      if (rule.derive !== undefined) values[rule.option] = rule.derive(values);
      continue;
    }
    const problem = rule.check?.(values, name);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

function imageNameFor({ compat, outputFormat }: Values): string {
  if (compat !== undefined) return 'jpg';
  return outputFormat === 'webdataset' ? 'common' : 'content';
}

function compatProblem(v: Values, name: (option: string) => string): string | undefined {
  const compat = `${name('compat')} ${v.compat}`;
  if (v.output === '-') return `${compat} is a folder of shards with their tables; name a folder or a bucket`;
  if (v.outputFormat !== 'webdataset' || v.createTar === false)
    return `${compat} is a webdataset: leave ${name('outputFormat')} and ${name('createTar')} as they are without it`;
  if (v.compressTar === true) return `${compat} has plain tar shards; leave ${name('compressTar')} off`;
  return v.namingMode === 'url_based'
    ? `${compat} names samples by shard and position; leave ${name('namingMode')} sequential`
    : undefined;
}

function energonProblem(v: Values, name: (option: string) => string): string | undefined {
  if (v.energon !== true) return undefined;
  if (v.output === '-') return `${name('energon')} describes a folder of shards; name a folder or a bucket`;
  if (v.cloudDestination !== undefined)
    return `${name('energon')} writes into a folder of its own, which uploads do not make; leave it off, and run energon prepare there`;
  return v.outputFormat !== 'webdataset' || v.createTar === false || v.compressTar === true
    ? `${name('energon')} goes with plain tars of a webdataset: leave ${name('outputFormat')} webdataset, ` +
        `${name('createTar')} on and ${name('compressTar')} off`
    : undefined;
}

function parquetProblem(v: Values, name: (option: string) => string): string | undefined {
  const format = `${name('outputFormat')} parquet`;
  if (v.output === '-') return `${format} cannot go to stdout, its end says where all is; name a folder or a bucket`;
  if (v.createTar === false) return `${format} keeps samples in files of many rows; leave ${name('createTar')} on`;
  return v.compressTar === true
    ? `${format} compresses what gets smaller by itself; leave ${name('compressTar')} off`
    : undefined;
}

/** A folder here, named after the last part of a path elsewhere: `s3://bucket/my birds/`, `cloud:my birds` -> `my birds`. */
function folderFor(remote: string | undefined): string | undefined {
  if (remote === undefined) return undefined;
  const name = remote.split(/[/\\:]+/).findLast((part) => part.trim() !== '') ?? '';
  return name === '' || /^[.-]|\p{Cc}/u.test(name) ? 'dataset' : name;
}

/** The most rows that a shard may have. */
const MOST_ROWS = 50_000;

/** What a picture on the web is taken to have. Chosen. */
const USUAL_BYTES = 100_000;

function rowsOfShard({ shardBytes, meanBytes }: Values): number {
  const rows = Math.floor(number(shardBytes) / number(meanBytes ?? USUAL_BYTES));
  return Math.max(1, Math.min(MOST_ROWS, rows));
}

function atMost(low: string, high: string): NonNullable<Rule['check']> {
  return (values, name) =>
    number(values[low]) <= number(values[high])
      ? undefined
      : `${name(low)} (${values[low]}) must not be above ${name(high)} (${values[high]})`;
}

function number(value: unknown): number {
  return value as number;
}
