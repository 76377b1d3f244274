/** A call that is given its input piece by piece: it is written to no faster than it reads. */
import type { ToolCall, ToolEnd } from './remote-tool.ts';
import { type CallOptions, type RunningCall, startCall, TookTooLong } from './run-call.ts';

/** A program that ended before it had read everything. */
export class EndedEarly extends Error {
  readonly end: ToolEnd;

  constructor(end: ToolEnd) {
    super('it ended before it had read everything');
    this.end = end;
  }
}

export class PouredCall {
  readonly #running: RunningCall;
  readonly #options: CallOptions;

  /** @param options - `timeoutMs`: how long it may take for one write, and for its end. Errors: the signal's reason. */
  constructor(call: ToolCall, options: CallOptions) {
    this.#options = options;
    this.#running = startCall(call, options, true);
    // It may fail while nobody writes; the next write tells.
    this.#running.ended.catch(() => {});
    this.#running.stdin?.on('error', () => {});
    this.#running.stdout.resume();
  }

  /** Resolves when the program has taken them. Errors: EndedEarly, NotStarted, TookTooLong, the signal's reason. */
  async write(chunks: readonly Uint8Array[]): Promise<void> {
    const filled = chunks.filter((chunk) => chunk.byteLength > 0);
    if (filled.length > 0 && !(await this.#inTime(this.#taken(filled)))) throw await this.#fault();
  }

  /** Nothing more comes. @returns how it ended. Errors: as those of `write`. */
  async end(): Promise<ToolEnd> {
    this.#running.stdin?.end();
    return this.#inTime(this.#running.ended);
  }

  /** End it; resolves when it is gone. Idempotent, also after its own end. */
  async stop(reason: Error): Promise<void> {
    this.#running.stop(reason);
    await this.#running.ended.catch(() => {});
  }

  #taken(chunks: readonly Uint8Array[]): Promise<boolean> {
    const { stdin } = this.#running;
    return new Promise((resolve) => {
      const last = chunks.length - 1;
      // Where the stream was closed because the program is gone, no error is told.
      const done = (error: Error | null | undefined): void => resolve(!error && stdin?.destroyed !== true);
      stdin?.cork();
      chunks.forEach((chunk, index) => void stdin?.write(chunk, index === last ? done : undefined));
      stdin?.uncork();
    });
  }

  async #fault(): Promise<Error> {
    return new EndedEarly(await this.#inTime(this.#running.ended));
  }

  async #inTime<T>(work: Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#options;
    const onTime = (): void =>
      this.#running.stop(new TookTooLong(`took nothing for ${Math.round(timeoutMs / 1000)} s`));
    const cancel = clock.timer(timeoutMs, onTime);
    try {
      return await work;
    } finally {
      cancel();
    }
  }
}
