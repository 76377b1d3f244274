/** What `npm run bench` can be asked for. */
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../scripts/run-step.ts';
import { MICRO_NAMES, type MicroName } from '../micro/run.ts';
import { BODIES, type BodyName } from './bodies.ts';
import { missingPeers } from './peers.ts';
import { hasManyHosts, laionFile, SCENES, type Scene } from './workload.ts';

export interface BenchOptions {
  readonly rounds: number;
  /** Of every manifest; undefined for what suits the bodies. */
  readonly rows: number | undefined;
  readonly bodies: readonly BodyName[];
  readonly scenes: readonly Scene[];
  /** Parts of names of contenders; empty for all. */
  readonly only: readonly string[];
  readonly concurrency: number;
  readonly threads: number;
  readonly origin: 'nginx' | 'node' | 'auto';
  /** Where lines and the report go; undefined for a trial, which is printed and not kept. */
  readonly out: string | undefined;
  /** Where datasets are written, and deleted again. */
  readonly folder: string;
  readonly timeoutMs: number;
  /** A folder with another build to measure against. */
  readonly compare: string | undefined;
  /** Only write the report anew. */
  readonly report: boolean;
  /** Only say what would take part. */
  readonly list: boolean;
  readonly help: boolean;
  /** Names of micro benchmarks in place of everything else, none for all. */
  readonly micro: readonly MicroName[] | undefined;
}

/** A mistake in the command line, and not in the program. */
export class UsageError extends Error {}

export const RESULTS = join(ROOT, 'benchmarks', 'results');
/** What tells most in least time: everything, and everything but the disk, without the controller's own ups and downs. */
const COMPARED = 'webdataset tar, fixed+none:, fixed';

/** Errors: UsageError for an option or a value that is not known. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parse(args);
  const { compare, report, list, help, folder } = values;
  const [command, ...names] = positionals;
  if (command !== undefined && command !== 'micro') throw new UsageError(`expected micro or options, got ${command}`);
  const micro = command === undefined ? undefined : names.map((name) => oneOf('micro', name, MICRO_NAMES));
  const [bodies, scenes, only] =
    compare === undefined ? ['10k,100k,1m', allScenes().join(), ''] : ['10k,100k', 'one', COMPARED];
  const narrowed = [compare, values.only, values.rows, values.bodies, values.scenes];
  const isWhole = narrowed.every((value) => value === undefined) && Number(values.rounds) >= 5;
  const wanted = listOf('scenes', values.scenes ?? scenes, SCENES);
  if (wanted.some(hasManyHosts) && laionFile() === undefined)
    throw new UsageError(
      '--scenes hosts, tls-hosts: FLOW_DC_MANIFESTS does not name the folder of laion_10000.parquet',
    );
  return {
    rounds: count('rounds', values.rounds),
    rows: values.rows === undefined ? undefined : count('rows', values.rows),
    bodies: listOf('bodies', values.bodies ?? bodies, Object.keys(BODIES) as BodyName[]),
    scenes: wanted,
    only: (values.only ?? only).split('+').filter((part) => part !== ''),
    out: values.out ?? (isWhole ? RESULTS : undefined),
    concurrency: count('concurrency', values.concurrency),
    threads: count('threads', values.threads),
    origin: oneOf('--origin', values.origin, ['nginx', 'node', 'auto'] as const),
    timeoutMs: count('timeout-sec', values['timeout-sec']) * 1000,
    ...{ compare, report, list, help, folder, micro },
  };
}

function parse(args: readonly string[]) {
  try {
    return parseCommand(args);
  } catch (error) {
    // Of parseArgs: it knows best what it did not understand.
    throw new UsageError((error as Error).message);
  }
}

function parseCommand(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      rows: { type: 'string' },
      bodies: { type: 'string' },
      scenes: { type: 'string' },
      only: { type: 'string' },
      concurrency: { type: 'string', default: '64' },
      threads: { type: 'string', default: String(cpus().length) },
      origin: { type: 'string', default: 'auto' },
      out: { type: 'string' },
      folder: { type: 'string', default: tmpdir() },
      'timeout-sec': { type: 'string', default: '300' },
      compare: { type: 'string' },
      report: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
}

function allScenes(): Scene[] {
  return SCENES.filter((scene) => !hasManyHosts(scene) || laionFile() !== undefined);
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`--${name}: expected a number from 1 on, got ${text}`);
  return value;
}

function listOf<T extends string>(name: string, text: string, known: readonly T[]): T[] {
  return text.split(',').map((word) => oneOf(`--${name}`, word, known));
}

function oneOf<T extends string>(place: string, word: string, known: readonly T[]): T {
  const found = known.find((name) => name === word);
  if (found === undefined) throw new UsageError(`${place}: expected one of ${known.join(', ')}, got ${word}`);
  return found;
}

export const HELP = `Usage: npm run bench -- [options]
       npm run bench -- micro [NAME...]     functions by themselves, see benchmarks/micro
       npm run bench -- --compare BASE_DIST [options]

Downloads the same pictures from a server on this machine with flow-dc, with loops that do as little as possible (the
floor), and with other programs, in turns; writes speed.jsonl and SPEED.md. With --compare it alternates the build in
dist with another one and prints their ratio; it writes nothing and never fails because of a time.

  --rounds N         turns of every contender (default 5)
  --rows N           rows of every manifest (default: 10k 20000, 100k 6000, 1m 1000; hosts at most 10000)
  --bodies LIST      mean sizes: 10k, 100k, 1m (default: all; with --compare 10k,100k)
  --scenes LIST      start: one row, for what starting takes. one: one host over http. tls: the same over https. hosts:
                     the 4,473 hosts of laion_10000.parquet in the folder FLOW_DC_MANIFESTS. tls-hosts: the same over
                     https, each host with a certificate of its own. All but one with the first of --bodies only
                     (default: all that can be; with --compare one)
  --only A+B         contenders whose name contains one of these texts; the floor always takes part (default: all; with
                     --compare "webdataset tar, fixed+none:, fixed")
  --concurrency N    requests in flight of everybody that does not adapt (default 64)
  --threads N        threads of the threaded variants (default: cores)
  --origin WHICH     nginx, node, or auto: nginx if it is here or can be installed with apt-get (as root only)
  --folder DIR       where datasets are written and deleted (default: the system's)
  --out DIR          where results go (default: benchmarks/results; a run of less than everything is only printed)
  --timeout-sec N    a run that takes longer is ended and does not count (default 300)
  --report           write SPEED.md anew from speed.jsonl
  --list             say what would take part
`;

/** What the environment could add. */
export function environmentNotes(): string[] {
  const laion =
    laionFile() === undefined
      ? ['scenes hosts and tls-hosts: set FLOW_DC_MANIFESTS to the folder of laion_10000.parquet']
      : [];
  return [...missingPeers(), ...laion];
}
