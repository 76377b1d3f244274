/** The lines of speed.jsonl: one for the machine, one for every run. */
import { execFile } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { ROOT } from '../../scripts/run-step.ts';
import type { Contender } from './contender.ts';
import type { BenchOptions } from './options.ts';
import type { Workload } from './workload.ts';

export interface MachineLine {
  readonly kind: 'machine';
  readonly at: string;
  readonly commit: string;
  readonly node: string;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly origin: string;
  readonly rounds: number;
  readonly concurrency: number;
}

export interface RunLine {
  readonly kind: 'run';
  readonly workload: Pick<Workload, 'scene' | 'body' | 'rows' | 'hosts' | 'bytes'>;
  readonly round: number;
  readonly contender: string;
  readonly group: Contender['kind'];
  /** Why the run does not count: it failed, or did not store what everybody has to store. */
  readonly invalid?: string | undefined;
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly mbPerSecond: number;
  readonly userMsPerRow: number;
  readonly systemMsPerRow: number;
  readonly cpuMsPerRow: number;
  readonly peakRssMb: number;
  readonly p95HeadersMs?: number | undefined;
  /** Of the machine, over the minute before. */
  readonly load: number;
}

export type Line = MachineLine | RunLine;

export async function machineLine(origin: string, { rounds, concurrency }: BenchOptions): Promise<MachineLine> {
  const git = async (...args: string[]): Promise<string> =>
    promisify(execFile)('git', args, { cwd: ROOT }).then(
      ({ stdout }) => stdout.trim(),
      () => '',
    );
  const changed = (await git('status', '--porcelain', '--', 'src')) === '' ? '' : ' with changes in src';
  const cores = cpus();
  return {
    kind: 'machine',
    at: new Date().toISOString().slice(0, 10),
    commit: `${(await git('rev-parse', '--short', 'HEAD')) || 'unknown'}${changed}`,
    node: process.version,
    cpu: `${cores.length} x ${cores[0]?.model.trim() ?? 'unknown'}`,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    ...{ origin, rounds, concurrency },
  };
}

export function load(): number {
  return Math.round((loadavg()[0] as number) * 10) / 10;
}

/** Four digits are more than any of these numbers is good for. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
