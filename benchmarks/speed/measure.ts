/** One run of a program: how long it took, what it took of the processor, and how much memory it held. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { killTree, processTree } from './process-tree.ts';

export interface ProgramRun {
  readonly seconds: number;
  /** Of the program and of every process it started and waited for. */
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** The most that all its processes held at one moment; 0 where there is no /proc. */
  readonly peakRssBytes: number;
  /** null when it was ended because it took too long. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Long enough to see every phase, and cheap beside the two cores that are measured. */
const POLL_MS = 100;

/**
 * Run a program from its start to its end. Its output goes to files in `folder`, because reading pipes would take
 * processor time from it.
 */
export async function measure({ argv, env }: Command, folder: string, timeoutMs: number): Promise<ProgramRun> {
  const files = { stdout: join(folder, 'stdout.txt'), stderr: join(folder, 'stderr.txt') };
  const [stdout, stderr] = [openSync(files.stdout, 'w'), openSync(files.stderr, 'w')];
  // bash's own `time` is what sees grandchildren too: Node tells the times of no child.
  const script = 'TIMEFORMAT="%3R %3U %3S"; time "$@" 2>&3 3>&-';
  const child = spawn('bash', ['-c', script, 'bash', ...argv], {
    env: { ...process.env, LC_ALL: 'C', ...env },
    stdio: ['ignore', stdout, 'pipe', stderr],
  });
  for (const file of [stdout, stderr]) closeSync(file);
  let times = '';
  child.stderr?.on('data', (text) => {
    times += text;
  });
  let isLate = false;
  let peakRssBytes = 0;
  const kill = (): void => killTree(child.pid as number);
  // Before folders are removed, which are of no use to it then.
  process.prependOnceListener('exit', kill);
  const poll = setInterval(() => {
    const members = processTree(child.pid as number).filter(({ pid }) => pid !== child.pid);
    peakRssBytes = Math.max(
      peakRssBytes,
      members.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
    );
  }, POLL_MS);
  const deadline = setTimeout(() => {
    isLate = true;
    kill();
  }, timeoutMs);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(poll);
  clearTimeout(deadline);
  process.removeListener('exit', kill);
  const [seconds = 0, userSeconds = 0, systemSeconds = 0] = (times.trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  return {
    ...{ seconds, userSeconds, systemSeconds, peakRssBytes, code: isLate ? null : code },
    stdout: await readFile(files.stdout, 'utf8'),
    stderr: await readFile(files.stderr, 'utf8'),
  };
}
