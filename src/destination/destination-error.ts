/** Any error met while touching a destination, as FDC_ERR_DEST_FULL or FDC_ERR_DEST_IO. */
import { type ErrorCode, FlowDcError, isFlowDcError } from '../errors.ts';

const FULL = new Set(['ENOSPC', 'EDQUOT']);
/** Faults of the machine or the mount, which every other unit would meet as well. */
const BROKEN = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENXIO',
  'ENODEV',
  'ESTALE',
  'EFBIG',
  'ENOMEM',
]);

/**
 * The pipeline-fatal error behind what a destination or a custom sink threw, or undefined when the fault may well be
 * the unit's own. A FlowDcError is returned as it is.
 * @param name - the destination, for the message
 */
export function fatalDestinationError(error: unknown, name: string): FlowDcError | undefined {
  if (isFlowDcError(error)) return error;
  const errno = errnoOf(error);
  return errno !== undefined && (FULL.has(errno) || BROKEN.has(errno)) ? destinationError(error, name) : undefined;
}

/**
 * Any error met while touching a destination, as FDC_ERR_DEST_FULL or FDC_ERR_DEST_IO.
 * @param code - what to report instead of FDC_ERR_DEST_IO, for a destination that was never usable
 */
export function destinationError(error: unknown, name: string, code: ErrorCode = 'FDC_ERR_DEST_IO'): FlowDcError {
  if (isFlowDcError(error)) return error;
  const errno = errnoOf(error) ?? 'unknown error';
  if (FULL.has(errno)) {
    return new FlowDcError(
      'FDC_ERR_DEST_FULL',
      `${name}: no space left (${errno}); free some and run the same command again`,
      {
        cause: error,
      },
    );
  }
  const text = error instanceof Error ? error.message : String(error);
  return new FlowDcError(code, `${name}: ${text}${HINTS[errno] ?? ''}`, { cause: error });
}

const HINTS: Readonly<Record<string, string>> = {
  EACCES: '; check the owner and mode of the folder',
  EPERM: '; check the owner and mode of the folder',
  EROFS: '; the file system is mounted read-only, choose another output',
  EMFILE: '; raise the open-file limit (ulimit -n)',
  ENFILE: '; raise the open-file limit of the machine',
  EEXIST: '; a file is in the way of a folder, choose another output',
  ENOTDIR: '; a part of the path is a file, choose another output',
};

/** `ENOENT` and the like, undefined for anything that no system call raised. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}
