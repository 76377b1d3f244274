/** What every command is to the program. */
import type { Readable } from 'node:stream';

/** Where text goes; the two properties are a terminal's. */
export interface CliOutput extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a command gets from the process; nothing in a command touches `process` itself. */
export interface CliIo {
  readonly stdin?: Readable;
  /** Data and --json results only. */
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts at the first SIGINT or SIGTERM: take nothing new, finish what is open. */
  readonly signal: AbortSignal;
  /** Aborts at the second one: end now. */
  readonly abort?: AbortSignal;
}

/** One command of the program: parse, call the library, print. */
export interface Command {
  readonly name: string;
  /** One sentence for the list of commands. */
  readonly summary: string;
  /** What follows the program's name, e.g. `download MANIFEST... -o DEST [options]`. */
  readonly usage: string;
  /**
   * @param argv - what follows the command's name
   * @returns the exit code; a thrown FlowDcError ends with the one of its code
   */
  run(argv: readonly string[], io: CliIo): Promise<number>;
}
