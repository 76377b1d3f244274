/** Calls of programs: an argument list, no shell, no terminal, a limit of time, and output that is bounded. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import type { ToolCall, ToolEnd } from './remote-tool.ts';

export interface CallOptions {
  readonly clock: Clock;
  /** Ends the call; it rejects with the signal's reason. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Default: ours. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** A listing of some hundred thousand files. */
const MOST_OUTPUT = 64 * 1024 * 1024;
/** Of what it complains about, the end. */
const STDERR_CHARS = 4096;
/** What is asked to end gets so long before it is killed. */
const GRACE_MS = 5_000;
/** So long after it was asked nothing more comes on its stdin: sooner it might take that for the end of the content. */
const CLOSE_MS = 500;

/** A program that could not be started, by its errno. */
export class NotStarted extends Error {
  readonly errno: string;

  constructor(program: string, errno: string) {
    super(`${program}: ${errno}`);
    this.errno = errno;
  }
}

/** A call that took too long. */
export class TookTooLong extends Error {}

/** Those that run now: what this process started must not outlive it. */
const running = new Set<ChildProcess>();
let isWatched = false;

/** A call under way. */
export interface RunningCall {
  readonly stdout: Readable;
  /** Where it was asked for. */
  readonly stdin: Writable | null;
  /** Without what stdout gave. Errors: NotStarted, TookTooLong, the signal's reason, what `stop` was told. */
  readonly ended: Promise<ToolEnd>;
  stop(reason: unknown): void;
}

/**
 * Make a call and take its output.
 * Errors: NotStarted, TookTooLong, the signal's reason, RangeError for more output than is taken.
 */
export async function runCall(call: ToolCall, options: CallOptions): Promise<ToolEnd> {
  const { stdout, ended, stop } = startCall(call, options);
  const chunks: Buffer[] = [];
  let bytes = 0;
  stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes > MOST_OUTPUT) stop(new RangeError(`${call.program} wrote more than ${MOST_OUTPUT} bytes`));
    else chunks.push(chunk);
  });
  const end = await ended;
  return { ...end, stdout: Buffer.concat(chunks).toString('utf8') };
}

/** The output of a call piece by piece, at the reader's pace; whoever leaves the loop ends the call. Errors: the same. */
export async function* outputOf(call: ToolCall, options: CallOptions): AsyncGenerator<Buffer, ToolEnd> {
  const { stdout, ended, stop } = startCall(call, options);
  // It may fail while the reader is busy.
  ended.catch(() => {});
  let isWhole = false;
  try {
    for await (const chunk of stdout) yield chunk as Buffer;
    isWhole = true;
    return await ended;
  } finally {
    if (!isWhole) stop(new Error('nobody reads it any more'));
  }
}

/** @param isPoured - its stdin is written to; it may then take as long as whoever writes. Errors: the signal's reason. */
export function startCall(
  call: ToolCall,
  { clock, signal, timeoutMs, env }: CallOptions,
  isPoured = false,
): RunningCall {
  signal.throwIfAborted();
  const { program, args, folder, input, endedBy = 'SIGTERM' } = call;
  // In a group of its own: Ctrl-C in a terminal is for this process, which lets uploads end; and without a terminal
  // nothing can ask questions.
  const given = input === undefined ? undefined : openSync(input, 'r');
  const stdin = isPoured ? 'pipe' : (given ?? 'ignore');
  const child = spawn(program, args, {
    cwd: folder,
    env,
    detached: true,
    stdio: [stdin, 'pipe', 'pipe'],
  }) as ChildProcess & {
    readonly stdout: Readable;
    readonly stderr: Readable;
  };
  if (given !== undefined) closeSync(given);
  let why: unknown;
  let stderr = '';
  let cancelKill = (): void => {};
  let cancelClose = (): void => {};
  const stop = (reason: unknown): void => {
    if (why !== undefined || child.exitCode !== null) return;
    why = reason;
    kill(child, endedBy);
    cancelClose = clock.timer(CLOSE_MS, () => child.stdin?.destroy());
    cancelKill = clock.timer(GRACE_MS, () => kill(child, 'SIGKILL'));
  };
  const onAbort = (): void => stop(signal.reason);
  const onTime = (): void => stop(new TookTooLong(`took longer than ${Math.round(timeoutMs / 1000)} s`));
  const cancelTimer = isPoured ? () => {} : clock.timer(timeoutMs, onTime);
  signal.addEventListener('abort', onAbort, { once: true });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-STDERR_CHARS);
  });
  watch(child);
  const ended = new Promise<ToolEnd>((resolve, reject) => {
    const settle = (): void => {
      running.delete(child);
      cancelTimer();
      cancelKill();
      cancelClose();
      signal.removeEventListener('abort', onAbort);
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      settle();
      reject(child.pid === undefined ? new NotStarted(program, error.code ?? 'unknown error') : error);
    });
    child.once('close', (code, killedBy) => {
      settle();
      if (why !== undefined) reject(why);
      else resolve({ code: code ?? killedBy ?? 'unknown', stdout: '', stderr });
    });
  });
  return { stdout: child.stdout, stdin: child.stdin, ended, stop };
}

function watch(child: ChildProcess): void {
  running.add(child);
  if (isWatched) return;
  isWatched = true;
  process.on('exit', () => {
    for (const one of running) kill(one, 'SIGKILL');
  });
}

/** With all that it has started itself. */
function kill(child: ChildProcess, signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, constants.signals[signal]);
  } catch {
    // It ended a moment ago.
  }
}
