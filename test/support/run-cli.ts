/** Runs the built program as a user does: a process of its own, real streams, real signals. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface CliResult {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly stdin?: string | Buffer | AsyncIterable<string | Buffer> | undefined;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The Node that runs it; default: the one that runs the tests. */
  readonly node?: string | undefined;
  /** `ulimit -n` of its process. */
  readonly openFiles?: number | undefined;
  /** `ulimit -v` of its process, KiB. */
  readonly addressSpace?: number | undefined;
  /** In a process group of its own, as a shell starts it. */
  readonly ownGroup?: boolean;
}

export interface CliProcess {
  readonly child: ChildProcess;
  readonly done: Promise<CliResult>;
  /** Text on them so far. */
  stdout(): string;
  stderr(): string;
}

/** Start `flow-dc ...args`; stdin is empty unless given. */
export function startCli(args: readonly string[], options: CliOptions = {}): CliProcess {
  const words = [options.node ?? process.execPath, MAIN, ...args];
  const { openFiles, addressSpace } = options;
  const limits = Object.entries({ n: openFiles, v: addressSpace }).filter(([, limit]) => limit !== undefined);
  const limiting = limits.map(([flag, limit]) => `ulimit -${flag} ${limit} && `).join('');
  const limited = limits.length === 0 ? words : ['sh', '-c', `${limiting}exec "$0" "$@"`, ...words];
  const child = spawn(limited[0] as string, limited.slice(1), {
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
    detached: options.ownGroup ?? false,
    stdio: 'pipe',
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const done = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
  });
  // A program that ends before it has read everything closes its end; that is its right.
  child.stdin.on('error', () => {});
  void feed(child, options.stdin);
  const textOf = (chunks: readonly Buffer[]) => (): string => Buffer.concat(chunks).toString();
  return { child, done, stdout: textOf(stdout), stderr: textOf(stderr) };
}

export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).done;
}

async function feed(child: ChildProcess, stdin: CliOptions['stdin']): Promise<void> {
  const input = child.stdin;
  if (input === null) return;
  if (stdin === undefined || typeof stdin === 'string' || Buffer.isBuffer(stdin)) {
    input.end(stdin);
    return;
  }
  for await (const chunk of stdin)
    if (!input.write(chunk)) await new Promise((resolve) => input.once('drain', resolve));
  input.end();
}
