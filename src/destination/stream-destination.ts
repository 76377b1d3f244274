/** A stream as destination, standard output above all: what was written is gone, so nothing is staged or read back. */
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { FlowDcError } from '../errors.ts';
import { type Destination, destinationError, errnoOf, type Staging } from './destination.ts';

/** The name of standard output as a destination. */
export const STDOUT_NAME = '-';

export interface StreamDestinationOptions {
  /** Takes the bytes. It is not ended: what comes after them is its owner's affair. */
  readonly output: Writable;
  /** Folder on a local disk for what does not stay in memory. */
  readonly folder: string;
  /** Where the outcome table goes; without it, into the stream. */
  readonly outcomes?: string | undefined;
}

/** What left the process by a broken end of the stream. */
const READER_GONE = new Set(['EPIPE', 'ECONNRESET', 'ENOTCONN']);

export class StreamDestination implements Destination {
  readonly name = STDOUT_NAME;
  readonly folder: string;
  readonly outcomes: string | undefined;
  readonly #output: Writable;
  #fault: Error | undefined;
  /** Of the write under way. */
  #endWrite: ((error: Error) => void) | undefined;

  constructor({ output, folder, outcomes }: StreamDestinationOptions) {
    this.folder = folder;
    this.outcomes = outcomes;
    this.#output = output;
    // Told to whoever writes.
    output.on('error', () => {});
  }

  get spillFolder(): string {
    return join(this.folder, 'spill');
  }

  get poisonFolder(): string {
    return join(this.folder, 'poison');
  }

  /**
   * Append; resolves when whoever reads has room again. One call at a time.
   * Errors: FDC_ERR_DEST_IO when nobody reads any more, FDC_ERR_DEST_FULL.
   */
  write(chunks: readonly Uint8Array[]): Promise<void> {
    const filled = chunks.filter((chunk) => chunk.byteLength > 0);
    if (filled.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = (error: Error | null | undefined): void => {
        this.#endWrite = undefined;
        // A socket that was destroyed tells of no error.
        const fault = error ?? this.#fault;
        if (fault) reject(this.#faultOf(fault));
        else resolve();
      };
      const stream = this.#output;
      if (stream.destroyed) return done(new Error('the stream is closed'));
      this.#endWrite = done;
      stream.cork();
      filled.forEach((chunk, index) => void stream.write(chunk, index === filled.length - 1 ? done : undefined));
      stream.uncork();
    });
  }

  /** Nothing more is written, and nobody waits for a reader. @param fault - what a write under way ends with */
  close(fault: Error): void {
    if (this.#endWrite === undefined) return;
    this.#fault ??= fault;
    this.#output.destroy();
    this.#endWrite(fault);
  }

  async stage(): Promise<Staging> {
    throw destinationError(new Error('nothing can be staged in a stream'), this.name);
  }

  async rollForward(): Promise<void> {}

  async sweep(): Promise<void> {}

  async putFile(): Promise<void> {}

  async readFile(name: string): Promise<Uint8Array> {
    throw destinationError(new Error(`nothing was kept of ${name}`), this.name);
  }

  #faultOf(error: Error): Error {
    const errno = errnoOf(error) ?? '';
    this.#fault ??= READER_GONE.has(errno)
      ? new FlowDcError('FDC_ERR_DEST_IO', `stdout: its reader is gone (${errno})`, {
          cause: error,
          advice: '; a tar on stdout cannot be resumed, only begun again',
        })
      : destinationError(error, 'stdout');
    return this.#fault;
  }
}
