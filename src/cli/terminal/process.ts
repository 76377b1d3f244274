/** The process as a command sees it: streams and signals come in, an exit code and lines of error go out. */
import type { Readable } from 'node:stream';
import type { RecordTotals } from '../../dataset/totals.ts';
import { ERROR_CODES, FlowDcError, isFlowDcError } from '../../errors.ts';
import { startThread } from '../../start-thread.ts';
import { visible } from '../../visible.ts';
import { withoutSecrets } from '../../without-secrets.ts';

/** Where text goes; the two properties are a terminal's. */
export interface CliOutput extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a command gets from the process; nothing in a command touches `process` itself. */
export interface CliIo {
  readonly stdin?: (Readable & { readonly isTTY?: boolean }) | undefined;
  /** Data and --json results only. */
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts at the first SIGINT, SIGTERM or SIGHUP: take nothing new, finish what is open. */
  readonly signal: AbortSignal;
  /** Aborts at the second one: end now. */
  readonly abort?: AbortSignal | undefined;
}

/** Lines for people, or of JSON: whatever they hold of others' text is made visible. */
export function writeLines(output: CliOutput, lines: readonly string[]): void {
  if (lines.length > 0) output.write(lines.map((line) => `${visible(line)}\n`).join(''));
}

/** Text that is ours to the last character: help, and what moves a terminal's cursor. */
export function writeOwn(output: CliOutput, text: string): void {
  output.write(text);
}

/** What a command's exit code means. 129, 130 and 143 are the shell's for SIGHUP, SIGINT and SIGTERM. */
export const EXIT = {
  done: 0,
  /** Ended by a fault; the same command goes on where it stopped. */
  fatal: 1,
  /** Wrong usage or configuration; nothing was written. */
  usage: 2,
  /** It ran, but the result is not what was asked for. */
  result: 3,
} as const;

/** The exit code of an error that ended a command. An error without a code is a fault of ours: 1. */
export function exitCodeOfError(error: unknown): number {
  return isFlowDcError(error) ? ERROR_CODES[error.code].exit : EXIT.fatal;
}

/** The exit code of a run that settled every row. */
export function exitCodeOfSummary({ rows, fetched, failed }: RecordTotals, maxFailureRate: number): number {
  if (fetched === 0 && rows > 0) return EXIT.result;
  return rows > 0 && failed / rows > maxFailureRate ? EXIT.result : EXIT.done;
}

/** One line per problem: the message, and for several problems each of them. */
export function errorLines(error: unknown): string[] {
  if (!isFlowDcError(error)) {
    const places = (error as Error)?.stack?.split('\n').filter((line) => /^ +at /.test(line)) ?? [];
    return [`flow-dc: ${withoutSecrets(String(error))}`, ...places];
  }
  if (error.issues.length > 1)
    return [`flow-dc: ${error.issues.length} problems (${error.code}):`, ...error.issues.map((issue) => `  ${issue}`)];
  return [`flow-dc: ${error.message} (${error.code})`];
}

/** By signal, what shells report: 128 and its number. SIGHUP: the terminal was closed. */
const INTERRUPTS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof INTERRUPTS;

/** Ctrl-C, SIGTERM and a closed terminal as two abort signals: the first asks to finish, the second to stop. */
export interface Interrupts {
  readonly drain: AbortSignal;
  readonly abort: AbortSignal;
  /** 128 + the number of the first signal that arrived, as shells report it. */
  exitCode(): number | undefined;
  /** Give the process its own handling back. */
  release(): void;
}

/** What ends everything that waits, unless somebody knows better what it means. */
function interruptedBy(signal: string): FlowDcError {
  return new FlowDcError('FDC_ERR_INTERRUPTED', `interrupted by ${signal}`);
}

/** From here on signals are heard, in a thread of their own too: see signal-thread.ts. */
export function listenForInterrupts(): Interrupts {
  const heard = new Int32Array(new SharedArrayBuffer(4));
  const watch = startThread(new URL('./signal-thread.ts', import.meta.url), heard.buffer);
  watch.unref();
  const drain = new AbortController();
  const abort = new AbortController();
  let first: Signal | undefined;
  const onSignal = (name: Signal): void => {
    Atomics.add(heard, 0, 1);
    if (first === undefined) drain.abort(interruptedBy(name));
    else abort.abort(interruptedBy(`${name} again`));
    first ??= name;
  };
  const names = Object.keys(INTERRUPTS) as Signal[];
  for (const name of names) process.on(name, onSignal);
  return {
    drain: drain.signal,
    abort: abort.signal,
    exitCode: () => (first === undefined ? undefined : INTERRUPTS[first]),
    release() {
      for (const name of names) process.off(name, onSignal);
      void watch.terminate();
    },
  };
}
