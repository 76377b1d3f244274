/** Standard output for bytes: written without holding up this thread, whatever it leads to. */
import { createWriteStream, fstatSync, readFileSync, readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { FlowDcError } from '../../errors.ts';
import type { CliOutput } from './process.ts';

const EXAMPLE = 'flow-dc download MANIFEST -o - | tar xf -';

/** Errors: FDC_ERR_USAGE where bytes would be lost, or would end up on a terminal. */
export function requireBytesOutput(stdout: CliOutput): void {
  if (stdout.isTTY === true)
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      `download: -o - writes a tar to stdout, which is a terminal: pipe it, as in ${EXAMPLE}, or name a folder`,
    );
  if (fdOf(stdout) === 1 && isClosed())
    throw new FlowDcError(
      'FDC_ERR_USAGE',
      `download: -o - writes a tar to stdout, which is closed: pipe it, as in ${EXAMPLE}, or name a folder`,
    );
}

/** To be destroyed when everything is written, or nothing more can be. */
export function openBytesOutput(stdout: CliOutput): Writable {
  const fd = fdOf(stdout);
  if (fd === undefined) return stdout as Writable;
  const stats = fstatSync(fd);
  // process.stdout waits for files, and of pipes it does not let go where nobody reads them.
  return stats.isFIFO() || stats.isSocket()
    ? new Socket({ fd, readable: false, writable: true })
    : createWriteStream('', { fd, autoClose: false });
}

function fdOf(stdout: CliOutput): number | undefined {
  const { fd } = stdout as { fd?: unknown };
  return typeof fd === 'number' ? fd : undefined;
}

/** Node opens /dev/null for reading and writing where it was started with a closed stdout (`>&-`). */
function isClosed(): boolean {
  try {
    const flags = Number.parseInt(
      /^flags:\s*([0-7]+)/m.exec(readFileSync('/proc/self/fdinfo/1', 'utf8'))?.[1] ?? '0',
      8,
    );
    return readlinkSync('/proc/self/fd/1') === '/dev/null' && (flags & 3) === 2;
  } catch {
    return false; // No /proc: not Linux.
  }
}
