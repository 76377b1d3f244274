/** Everybody in turns over one workload. */
import { mkdir, mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { Contender } from './contender.ts';
import { load, type RunLine, rounded } from './line.ts';
import { measure, type ProgramRun } from './measure.ts';
import type { Workload } from './workload.ts';

const MANY_FILES = 1000;

export interface RoundsPlan {
  readonly folder: string;
  readonly rounds: number;
  readonly timeoutMs: number;
  readonly onLine: (line: RunLine) => Promise<void>;
}

/** Every contender once per round; who begins moves on, so that nobody always follows the same neighbour. */
export async function runRounds(
  workload: Workload,
  contenders: readonly Contender[],
  { folder, rounds, timeoutMs, onLine }: RoundsPlan,
): Promise<void> {
  const present = contenders.filter(({ scenes }) => scenes.includes(workload.scene));
  // Once in vain: pictures into the page cache, programs too.
  for (const contender of present.slice(0, 1)) await runOnce(workload, contender, 0, folder, timeoutMs);
  for (let round = 1; round <= rounds; round++) {
    const first = (round - 1) % present.length;
    for (const contender of [...present.slice(first), ...present.slice(0, first)])
      await onLine(await runOnce(workload, contender, round, folder, timeoutMs));
  }
}

async function runOnce(
  workload: Workload,
  contender: Contender,
  round: number,
  parent: string,
  timeoutMs: number,
): Promise<RunLine> {
  const folder = await mkdtemp(join(parent, 'run-'));
  try {
    await mkdir(join(folder, 'data'));
    const out = join(folder, 'data', 'out');
    const run = await measure(contender.command(workload, out), folder, timeoutMs);
    const invalid = await judge(workload, contender, run, out, timeoutMs);
    const p95 = invalid === undefined ? await contender.p95HeadersMs?.(run, out) : undefined;
    const { scene, body, rows, hosts, bytes } = workload;
    const perRow = (seconds: number): number => rounded((seconds * 1000) / rows);
    return {
      kind: 'run',
      workload: { scene, body, rows, hosts, bytes },
      ...{ round, contender: contender.name, group: contender.kind, invalid },
      seconds: run.seconds,
      rowsPerSecond: rounded(rows / run.seconds),
      mbPerSecond: rounded(bytes / 1e6 / run.seconds),
      userMsPerRow: perRow(run.userSeconds),
      systemMsPerRow: perRow(run.systemSeconds),
      cpuMsPerRow: perRow(run.userSeconds + run.systemSeconds),
      peakRssMb: Math.round(run.peakRssBytes / 1e6),
      p95HeadersMs: p95 === undefined ? undefined : rounded(p95),
      load: load(),
    };
  } finally {
    await clear(folder);
  }
}

/**
 * Thousands of loose files are emptied and removed with everything else at the end: for every file that it creates,
 * ext4 looks at all the numbers of files that were removed in the last minutes, which made whoever came next three
 * times as slow.
 */
async function clear(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  if (entries.length < MANY_FILES) return rm(folder, { recursive: true, force: true });
  for (const entry of entries) if (entry.isFile()) await truncate(join(entry.parentPath, entry.name));
}

/** @returns why the run does not count, undefined if it does */
async function judge(
  { rows, bytes }: Workload,
  contender: Contender,
  run: ProgramRun,
  out: string,
  timeoutMs: number,
): Promise<string | undefined> {
  if (run.code === null) return `ended after ${timeoutMs / 1000} s`;
  if (run.code !== 0) return `exit code ${run.code}: ${(run.stderr || run.stdout).trim().slice(-500)}`;
  const stored = await contender.stored(run, out);
  if (stored.rows === rows && stored.bytes === bytes) return undefined;
  return `stored ${stored.rows} rows of ${stored.bytes} bytes; there are ${rows} of ${bytes}`;
}
