/** The built flow-dc in each of its output modes, adaptive and fixed. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { JobSummary } from '../../src/job/job-summary.ts';
import { type Contender, lastJson, storedBelow } from './contender.ts';
import type { BenchStore } from './store.ts';
import { p95OfDataset } from './stored.ts';
import { SCENES, type Workload } from './workload.ts';

const S3 = 's3:';
const MODES: Readonly<Record<string, readonly string[]>> = {
  'webdataset tar': ['--output-format', 'webdataset'],
  // What FLOW-DC does when told nothing.
  'imagefolder tar.gz': ['--output-format', 'imagefolder', '--compress-tar'],
  folder: ['--output-format', 'imagefolder', '--no-tar'],
  'none:': ['--output-format', 'webdataset'],
};

/** What every run is given beside its mode. */
export interface FlowDcSettings {
  /** A folder with a build: `cli/main.js` is started. */
  readonly dist: string;
  /** Stands before the mode in names. */
  readonly prefix: string;
  /** Requests in flight where nothing adapts: per host, and over all hosts. */
  readonly concurrency: number;
  /** Where there is one: a mode that writes into it. */
  readonly store?: BenchStore | undefined;
  /** More than 1: a third variant of every mode works in so many threads. */
  readonly threads: number;
}

export async function flowDcContenders({
  dist,
  prefix,
  concurrency,
  threads,
  store,
}: FlowDcSettings): Promise<Contender[]> {
  const main = join(dist, 'cli', 'main.js');
  const { stdout: help } = await promisify(execFile)(process.execPath, [main, 'download', '--help']);
  const limit = String(concurrency);
  const hasThreads = /^ *--threads\b/m.test(help);
  const one = hasThreads ? ['--threads', '1'] : [];
  const variants: readonly (readonly [name: string, flags: readonly string[]])[] = [
    ['', one],
    [', fixed', ['--law', 'fixed', '--per-host-concurrency', limit, '--concurrent-downloads', limit, ...one]],
    ...(threads > 1 && hasThreads ? [[`, ${threads} threads`, ['--threads', String(threads)]] as const] : []),
  ];
  const modes = { ...MODES, ...(store === undefined ? {} : { [S3]: ['--output-format', 'webdataset'] }) };
  return Object.entries(modes).flatMap(([mode, flags]) =>
    variants.map(([variant, more]) =>
      contender(`${prefix} ${mode}${variant}`, main, placeOf(mode, store), [...flags, ...more]),
    ),
  );
}

interface Place {
  /** Where a run with this `out` writes; default: there. */
  readonly destination?: (out: string) => string;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

function placeOf(mode: string, store: BenchStore | undefined): Place {
  if (mode === 'none:') return { destination: () => 'none:' };
  return mode === S3 && store !== undefined ? { destination: store.urlFor, env: store.env } : {};
}

function contender(name: string, main: string, place: Place, flags: readonly string[]): Contender {
  const { destination = (out: string) => out, env } = place;
  const command = (workload: Workload, out: string) => {
    const argv = [process.execPath, main, 'download', workload.manifest, '--url', 'url', '--label', 'label'];
    return { argv: [...argv, '-o', destination(out), '--json', ...reach(workload), ...flags], env };
  };
  if (place.destination !== undefined) return { name, kind: 'flow-dc', scenes: SCENES, command, stored: saidStored };
  return {
    ...{ name, kind: 'flow-dc', scenes: SCENES, command, stored: storedBelow },
    p95HeadersMs: (_run, out) => p95OfDataset(out),
  };
}

const saidStored: Contender['stored'] = async (run) => {
  const { fetched, bytes } = lastJson<JobSummary>(run);
  return { rows: fetched, bytes };
};

function reach({ connectToPort, caFile }: Workload): string[] {
  return [
    ...(connectToPort === undefined
      ? ['--allow-private', '127.0.0.1']
      : ['--connect-to', `::127.0.0.1:${connectToPort}`]),
    ...(caFile === undefined ? [] : ['--ca-file', caFile]),
  ];
}
