/**
 * How much address space this process may have (`ulimit -v`). Every instance of WebAssembly (one reads replies, one is
 * Node's own, one writes tables) reserves 10 GB of it and uses little: a limit on it says nothing of memory in use.
 */
import { readFileSync } from 'node:fs';
import { asError, FlowDcError } from './errors.ts';

/** What a run in one thread needs. Measured: more than 33.8 GB and less than 35.8 GB. */
export const RUN_BYTES = 36e9;
/** What loading the parts that could send a request needs. Measured: more than 12.3 GB and less than 16.4 GB. */
export const LOADING_BYTES = 17e9;
/** What each other thread needs. Measured as above, without the program itself. */
const BYTES_PER_THREAD = 33e9;
const ADVICE = "; raise or lift the limit with 'ulimit -v unlimited'";

/** The limit in bytes; undefined where there is none or the system does not say. */
export function addressSpaceLimit(): number | undefined {
  try {
    const bytes = /^Max address space\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return bytes === undefined ? undefined : Number(bytes);
  } catch {
    return undefined;
  }
}

/** Threads that fit. Pure. */
export function threadsWithin(limitBytes: number | undefined): number {
  if (limitBytes === undefined) return Number.POSITIVE_INFINITY;
  return 1 + Math.max(0, Math.floor((limitBytes - RUN_BYTES) / BYTES_PER_THREAD));
}

/** Errors: FDC_ERR_MEMORY. Pure. */
export function requireAddressSpace(command: string, limitBytes: number | undefined, leastBytes: number): void {
  if (limitBytes === undefined || limitBytes >= leastBytes) return;
  const [has, needs] = [limitBytes, leastBytes].map((bytes) => `${(bytes / 1e9).toFixed(1)} GB`);
  const message = `${command}: this process may have ${has} of address space, at least ${needs} are needed`;
  throw new FlowDcError('FDC_ERR_MEMORY', message, { advice: ADVICE });
}

/** An error of ours in place of one that says that address space or memory ran out; any other as it is. */
export function memoryError(thrown: unknown): Error {
  const error = asError(thrown);
  const isShort = /WebAssembly\.\w+\(\): Out of memory|ERR_WORKER_(OUT_OF_MEMORY|INIT_FAILED)/;
  if (!isShort.test(`${error.message} ${(error as NodeJS.ErrnoException).code ?? ''}`)) return error;
  const message = 'this process has no address space or memory left for another instance of WebAssembly';
  return new FlowDcError('FDC_ERR_MEMORY', message, { cause: error, advice: ADVICE });
}
