/**
 * A file behind a URL, read by ranges: what a cut connection left out is asked for again, and a file that changes
 * meanwhile is an error, not a mixture.
 */
import { type Clock, sleep } from '../../../clock.ts';
import { FlowDcError, isFlowDcError } from '../../../errors.ts';
import { shortened } from '../../../short-text.ts';
import { publish } from '../../../telemetry/channels.ts';

/** What tells one state of a file from another. */
export interface FileVersion {
  readonly bytes: number;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

/** One answer: bytes from where they were asked for, as far as they come. */
export interface Part {
  readonly version: FileVersion;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Whoever has the file. */
export interface Origin {
  /** For messages: without secrets. */
  readonly name: string;
  /**
   * The bytes from `start` up to, not including, `end`. Errors: PassingFault where asking again may help, FlowDcError
   * where it does not. What is thrown while the bytes come is taken for a passing fault.
   */
  ask(start: number, end: number, signal: AbortSignal): Promise<Part>;
  /** Connections are closed; asking opens them again. */
  close(): Promise<void>;
}

/** The other side did not answer, or said "not now". */
export class PassingFault extends Error {
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { readonly cause?: unknown; readonly retryAfterMs?: number | undefined } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}

export interface Patience {
  readonly clock: Clock;
  readonly random: () => number;
  /** So often it is asked in vain before that is an error. */
  readonly tries: number;
}

/** Waits of half a second and more, doubled each time, up to this; some two minutes for ten tries. */
const MAX_WAIT_MS = 30_000;
const FIRST_WAIT_MS = 500;
/** A large part is asked for in pieces, some at a time. */
const PIECE_BYTES = 8 * 1024 * 1024;
const PIECES_AT_A_TIME = 4;

/** Try until it works or cannot. Errors: FlowDcError as `act` throws it, FDC_ERR_MANIFEST_NOT_FOUND after the last try. */
export async function patiently<Result>(
  name: string,
  { clock, random, tries }: Patience,
  signal: AbortSignal,
  act: () => Promise<Result>,
): Promise<Result> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await act();
    } catch (error) {
      if (signal.aborted || isFlowDcError(error)) throw error;
      if (failures >= tries) throw givenUp(name, error, failures, 'FDC_ERR_MANIFEST_NOT_FOUND');
      if (failures === 1) sayRetry(name, error, tries);
      await sleep(clock, waitMs(failures, error, random), signal);
    }
  }
}

export interface RemoteParts {
  readonly bytes: number;
  /** The bytes of [start, end). */
  read(start: number, end: number, signal: AbortSignal): Promise<Buffer>;
}

export class RemoteFile implements RemoteParts {
  readonly name: string;
  readonly bytes: number;
  readonly #origin: Origin;
  readonly #version: FileVersion;
  readonly #patience: Patience;
  #isSaid = false;

  constructor(origin: Origin, version: FileVersion, patience: Patience) {
    this.name = origin.name;
    this.bytes = version.bytes;
    this.#origin = origin;
    this.#version = version;
    this.#patience = patience;
  }

  /** The bytes of [start, end). Errors: those of `chunks`. */
  async read(start: number, end: number, signal: AbortSignal): Promise<Buffer> {
    const target = Buffer.allocUnsafeSlow(end - start);
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    let next = start;
    const readPieces = async (): Promise<void> => {
      while (next < end) {
        let at = next;
        next = Math.min(end, at + PIECE_BYTES);
        for await (const chunk of this.chunks(either, at, next)) {
          target.set(chunk, at - start);
          at += chunk.length;
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: PIECES_AT_A_TIME }, readPieces));
      return target;
    } finally {
      stop.abort();
    }
  }

  /**
   * All bytes in order. Errors: FDC_ERR_MANIFEST_CORRUPT when the file changes or goes meanwhile, or stays out of reach;
   * those of the origin.
   */
  async *chunks(signal: AbortSignal, start = 0, end = this.bytes): AsyncGenerator<Buffer, void> {
    let failures = 0;
    for (let at = start; at < end; ) {
      try {
        const { version, chunks } = await this.#origin.ask(at, end, signal);
        this.#mustBeSame(version);
        for await (const chunk of chunks) {
          // Nobody asked for more.
          const bytes = bufferOf(chunk).subarray(0, end - at);
          at += bytes.length;
          failures = 0;
          if (bytes.length > 0) yield bytes;
          if (at >= end) return;
        }
        throw new PassingFault('the connection ended too early');
      } catch (error) {
        if (signal.aborted || isFlowDcError(error)) throw error;
        failures += 1;
        if (failures >= this.#patience.tries) throw givenUp(this.name, error, failures, 'FDC_ERR_MANIFEST_CORRUPT');
        if (!this.#isSaid) sayRetry(this.name, error, this.#patience.tries);
        this.#isSaid = true;
        await sleep(this.#patience.clock, waitMs(failures, error, this.#patience.random), signal);
      }
    }
  }

  close(): Promise<void> {
    return this.#origin.close();
  }

  #mustBeSame(now: FileVersion): void {
    const before = this.#version;
    const isSame =
      now.bytes === before.bytes &&
      (now.etag === undefined || before.etag === undefined
        ? now.lastModified === before.lastModified || (now.lastModified ?? before.lastModified) === undefined
        : now.etag === before.etag);
    if (!isSame) throw changed(this.name);
  }
}

export function changed(name: string): FlowDcError {
  return new FlowDcError('FDC_ERR_MANIFEST_CORRUPT', `${name} changed while it was read`, {
    advice: '; run the same command again, on a file that stays as it is',
  });
}

/** The first time: whoever looks on would see nothing for minutes. */
function sayRetry(name: string, error: unknown, tries: number): void {
  const message = `${name}: ${reasonOf(error)}; trying again, ${tries} times in all`;
  publish('flow-dc:waiting', () => ({ message: shortened(message) }));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function givenUp(
  name: string,
  error: unknown,
  failures: number,
  code: 'FDC_ERR_MANIFEST_NOT_FOUND' | 'FDC_ERR_MANIFEST_CORRUPT',
): FlowDcError {
  return new FlowDcError(code, `${name} cannot be read: ${reasonOf(error)} (asked ${failures} times)`, {
    cause: error,
    advice: '; check the network and run the same command again',
  });
}

function waitMs(failures: number, error: unknown, random: () => number): number {
  const asked = error instanceof PassingFault ? (error.retryAfterMs ?? 0) : 0;
  const doubled = FIRST_WAIT_MS * 2 ** (failures - 1);
  return Math.min(MAX_WAIT_MS, Math.max(asked, doubled * (0.75 + random() / 2)));
}

function bufferOf(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
