/** What a command's exit code means. 130 and 143 are the shell's for SIGINT and SIGTERM. */

import type { RecordTotals } from '../../dataset/totals.ts';
import { ERROR_CODES, isFlowDcError } from '../../errors.ts';

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
export function exitCodeOfSummary({ rows, stored, failed }: RecordTotals, maxFailureRate: number): number {
  if (stored === 0 && rows > 0) return EXIT.result;
  return rows > 0 && failed / rows > maxFailureRate ? EXIT.result : EXIT.done;
}

/** One line per problem: the message, and for several problems each of them. */
export function errorLines(error: unknown): string[] {
  if (!isFlowDcError(error)) return [`flow-dc: ${(error as Error)?.stack ?? String(error)}`];
  if (error.issues.length > 1)
    return [`flow-dc: ${error.issues.length} problems (${error.code}):`, ...error.issues.map((issue) => `  ${issue}`)];
  return [`flow-dc: ${error.message} (${error.code})`];
}
