/**
 * Errors that end something: misuse (thrown when a stage is built) and pipeline-fatal faults. A row's failure is
 * never one of these: it is data with a code from row-codes.ts. Match on `code`, not on the class.
 */
import { inspect } from 'node:util';
import { ADVICE_CHARS, shortened } from './short-text.ts';

export const ERROR_CODES = {
  FDC_ERR_CONFIG_INVALID: { exit: 2, text: 'the configuration or an option is wrong; `issues` lists every problem' },
  FDC_ERR_CONFIG_UNREADABLE: { exit: 2, text: 'a configuration file is missing or is not JSON' },
  FDC_ERR_OPEN_FILES: { exit: 2, text: 'this process may have too few files open' },
  FDC_ERR_MEMORY: { exit: 1, text: 'this process may have too little memory or address space' },
  FDC_ERR_USAGE: { exit: 2, text: 'the command line is wrong' },
  FDC_ERR_MANIFEST_NOT_FOUND: {
    exit: 2,
    text: 'an input file, or the store of rows, does not exist or cannot be opened',
  },
  FDC_ERR_MANIFEST_EMPTY: { exit: 2, text: 'the input has no rows' },
  FDC_ERR_MANIFEST_FORMAT: { exit: 2, text: 'the input is not in a format that can be read' },
  FDC_ERR_MANIFEST_COLUMN: { exit: 2, text: 'a named column does not exist, or no URL column could be guessed' },
  FDC_ERR_MANIFEST_CORRUPT: { exit: 1, text: 'the input broke in the middle; what was stored before stays' },
  FDC_ERR_MANIFEST_TOO_WIDE: { exit: 2, text: 'columns, names, records or row groups beyond what can be held' },
  FDC_ERR_DEST_UNWRITABLE: { exit: 2, text: 'the destination cannot be created, read or written' },
  FDC_ERR_DEST_FOREIGN: { exit: 2, text: 'the destination holds something that flow-dc did not write' },
  FDC_ERR_DEST_FULL: { exit: 1, text: 'the disk or the store is full; free space and run the same command again' },
  FDC_ERR_DEST_IO: { exit: 1, text: 'the destination failed while writing' },
  FDC_ERR_JOB_MISMATCH: { exit: 2, text: 'the destination belongs to a job with other inputs or settings' },
  FDC_ERR_JOB_LOCKED: { exit: 2, text: 'another process is writing to the destination' },
  FDC_ERR_JOB_CANCELLED: { exit: 1, text: 'the job was cancelled; what was committed stays' },
  FDC_ERR_JOB_DISTRIBUTED: { exit: 2, text: 'workers on other machines are writing to the destination' },
  FDC_ERR_JOB_MISSING: { exit: 2, text: 'the folder holds no flow-dc job' },
  FDC_ERR_JOB_UNITS_CHANGED: { exit: 1, text: 'the same inputs were cut into other units than before' },
  FDC_ERR_PROXY: {
    exit: 1,
    text: 'the proxy wants other credentials, refuses a store, or cannot be reached from the start',
  },
  FDC_ERR_TRANSPORT_CONNECT: { exit: 1, text: 'the NATS server cannot be reached, or refuses us' },
  FDC_ERR_TRANSPORT_SERVER: {
    exit: 1,
    text: 'the NATS server lacks something that is needed, or answered with an error',
  },
  FDC_ERR_TRANSPORT_CLOSED: { exit: 1, text: 'the transport was used after it was closed' },
  FDC_ERR_UNIT_FAILED: { exit: 1, text: 'a unit error, thrown while a unit was processed' },
  FDC_ERR_SINK_PROTOCOL: { exit: 1, text: 'a stage broke the contract of the stream it feeds' },
  FDC_ERR_FAILURE_RATE: { exit: 3, text: 'more of the rows failed than stop_above_failure_rate allows' },
  FDC_ERR_INTERRUPTED: { exit: 130, text: 'stopped by a signal' },
} as const satisfies Record<string, { exit: number; text: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface FlowDcErrorOptions {
  readonly cause?: unknown;
  /** Follows the message: what to do next, in words that hold nothing of a file, a host or a folder. */
  readonly advice?: string;
  /** For FDC_ERR_CONFIG_INVALID: every problem, one line each. */
  readonly issues?: readonly string[];
}

/**
 * Says what was expected, what arrived and what to do next, in one line. The message, which may hold names and values
 * of any length and secrets in URLs, is said without these and cut: to 600 characters, as it may name an input's path
 * twice; with issues to 200, as each of these. The advice is ours and is not.
 */
export class FlowDcError extends Error {
  override readonly name = 'FlowDcError';
  readonly code: ErrorCode;
  readonly issues: readonly string[];

  constructor(code: ErrorCode, message: string, options: FlowDcErrorOptions = {}) {
    super(
      shortened(message, options.issues === undefined ? ADVICE_CHARS : undefined) + (options.advice ?? ''),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.issues = (options.issues ?? []).map((issue) => shortened(issue));
  }
}

/** Works across realms and several copies of the package, unlike instanceof. */
export function isFlowDcError(error: unknown): error is FlowDcError {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return typeof error.code === 'string' && error.code in ERROR_CODES;
}

/** Whatever was thrown, as an error: what is not one already becomes the cause of one. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(`${shortened(inspect(thrown))} was thrown, which is no error`, { cause: thrown });
}

/** Whether a function of the caller's gave a promise. If so, nobody waits for it, and its rejection is nobody's. */
export function isPromise(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null || typeof (answer as { then?: unknown }).then !== 'function')
    return false;
  Promise.resolve(answer).catch(() => {});
  return true;
}

/**
 * What a function of the caller's gave that has to answer at once.
 * Errors: FDC_ERR_CONFIG_INVALID for a promise.
 * @param name - of the function, for the message
 */
export function atOnce<Answer>(answer: Answer, name: string): Answer {
  if (!isPromise(answer)) return answer;
  throw new FlowDcError(
    'FDC_ERR_CONFIG_INVALID',
    `${name}: expected an answer at once, got a promise; leave out async`,
  );
}

/** For the `default` of an exhaustive switch: fails to compile when a case is missing. */
export function assertNever(value: never): never {
  throw new TypeError(`unreachable: ${JSON.stringify(value)}`);
}
