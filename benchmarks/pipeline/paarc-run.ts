/** One run of the built `flow-dc download` against one host in another process, measured by the host. */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Rule } from '../../src/demo-hosts/behaviour.ts';
import type { HostReport } from './paarc-host-report.ts';
import type { FromHost } from './paarc-origin.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const HOST = fileURLToPath(new URL('./paarc-origin.ts', import.meta.url));
/** Small enough that two cores carry both sides at 700 replies a second. */
const MEAN_BYTES = 10_000;
/** Ticks per second in /proc/PID/stat; 100 on every Linux of today. */
const CLOCK_TICKS = 100;

export interface RunOptions {
  readonly folder: string;
  readonly seed: number;
  readonly rules: readonly Rule[];
  /** URLs of the manifest, in order. */
  readonly urls: readonly string[];
  /** Arguments after `download MANIFEST -o OUT`. */
  readonly args: readonly string[];
  /** The client is ended so long after its first request; absent, it may finish. */
  readonly stopAfterMs?: number;
  /** Stands between the client and the host, and measures in its place. */
  readonly front?: (hostPort: number) => Promise<Front>;
}

export interface Front {
  /** For --connect-to. */
  readonly connectTo: string;
  report(untilMs: number): Promise<HostReport>;
  stop(): Promise<void>;
}

export interface RunResult extends HostReport {
  /** Of the client, user and system; NaN where there is no /proc, or when the client had finished. */
  readonly cpuSeconds: number;
  /** The folder with the dataset, if the client finished. */
  readonly out: string;
}

/** Errors: when the client ends with anything but 0 before its time. */
export async function runAgainstHost(options: RunOptions): Promise<RunResult> {
  const { folder, seed, rules, urls, args, stopAfterMs } = options;
  const host = fork(HOST, [JSON.stringify({ seed, rules, meanBytes: MEAN_BYTES, sigma: 0 })], {
    execArgv: ['--import', 'tsx'],
  });
  const gone = once(host, 'exit').then(([code]): never => {
    throw new Error(`the host ended with ${code}`);
  });
  // At the end of a run it may go.
  gone.catch(() => {});
  const next = async (): Promise<FromHost> => (await Promise.race([once(host, 'message'), gone]))[0] as FromHost;
  let front: Front | undefined;
  try {
    const hello = await next();
    if (!('connectTo' in hello)) throw new Error('the host did not say where it is');
    front = await options.front?.(Number(hello.connectTo.split(':').at(-1)));
    const firstRequest = next();
    const manifest = join(folder, 'manifest.txt');
    const out = join(folder, 'out');
    await rm(out, { recursive: true, force: true });
    await writeFile(manifest, urls.join('\n'));
    const command = [
      MAIN,
      'download',
      manifest,
      '-o',
      out,
      '--connect-to',
      front?.connectTo ?? hello.connectTo,
      '--progress',
      'off',
      ...args,
    ];
    const client = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    client.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const closed = once(client, 'close');
    await Promise.race([firstRequest, closed]);
    await Promise.race([stopAfterMs === undefined ? new Promise(() => {}) : wait(stopAfterMs), closed]);
    const isRunning = client.exitCode === null;
    if (!isRunning && client.exitCode !== 0) throw new Error(`download ended with ${client.exitCode}: ${stderr}`);
    const cpuSeconds = isRunning ? await cpuOf(client.pid) : Number.NaN;
    const untilMs = stopAfterMs ?? Number.MAX_VALUE;
    host.send({ untilMs });
    const answer = await next();
    if (isRunning) client.kill('SIGKILL');
    await closed;
    if (!('report' in answer)) throw new Error('the host did not report');
    return { ...((await front?.report(untilMs)) ?? answer.report), cpuSeconds, out };
  } finally {
    await front?.stop();
    host.disconnect();
  }
}

async function cpuOf(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may hold spaces; user and system time are the 12th and 13th field after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}
