/** Calls of a tool made with patience: a failure may pass, so it is tried again, each time after a longer pause. */
import { StringDecoder } from 'node:string_decoder';
import { type Clock, sleep } from '../../clock.ts';
import { type ErrorCode, FlowDcError } from '../../errors.ts';
import { shortened } from '../../short-text.ts';
import { withoutUsers } from '../../without-secrets.ts';
import { EndedEarly, PouredCall } from './poured-call.ts';
import type { RemoteFile, RemoteTool, ToolCall, ToolEnd } from './remote-tool.ts';
import { type CallOptions, NotStarted, outputOf, runCall, TookTooLong } from './run-call.ts';

export interface CallerOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** For a call that moves nothing. */
  readonly timeoutMs: number;
  /** Of the programs; default: ours. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Told of a call that failed and is made again, in one line. */
  readonly onSetback?: ((line: string) => void) | undefined;
}

/** So often is a call made before it is given up for. */
const ATTEMPTS = 5;
/** Before the second attempt, doubled each time, within a quarter up or down. */
const FIRST_PAUSE_MS = 1_000;
/** What an upload must move per millisecond, over its whole length: 128 KiB a second. Chosen. */
const SLOWEST_PER_MS = 131.072;
/** Of what a tool complains about, in a message. */
const TAIL_CHARS = 150;
/** What no second attempt changes when it is the first thing that a tool says. */
const HOPELESS = /signature|access ?denied|accesskey|no ?such ?bucket|credential|unauthori[sz]ed|forbidden|permission/i;
const FULL = /no space left|disk quota|quota ?exceeded|over_quota|resc_quota/i;

/** A call that failed and may not fail the next time. */
export class Setback extends Error {
  readonly program: string;

  constructor(program: string, problem: string) {
    super(problem);
    this.program = program;
  }
}

export class ToolCaller {
  readonly #tool: RemoteTool;
  readonly #options: CallerOptions;
  readonly #halt = new AbortController();
  /** No call is made again after that. */
  readonly #ending = new AbortController();
  readonly #stops = AbortSignal.any([this.#halt.signal, this.#ending.signal]);
  #running = 0;
  #cancelHalt: (() => void) | undefined;

  constructor(tool: RemoteTool, options: CallerOptions) {
    this.#tool = tool;
    this.#options = options;
  }

  /** End what runs, at once, and make no further call; whoever waits gets the reason. */
  halt(reason: Error): void {
    this.#halt.abort(reason);
  }

  /** From now on what fails is not tried again, and what runs gets so long, ms, to end; whoever waits gets the reason. */
  windDown(reason: Error, leftMs: number): void {
    if (this.#ending.signal.aborted || this.#halt.signal.aborted) return;
    this.#ending.abort(reason);
    // It holds up no end: what runs then ends by itself, or by a halt.
    if (this.#running > 0) this.#cancelHalt = this.#options.clock.timer(leftMs, () => this.halt(reason));
  }

  /** Whether an error says no more than that the run ends. */
  isEnd(error: unknown): boolean {
    return this.#ending.signal.aborted && error === this.#ending.signal.reason;
  }

  /**
   * Do something until it works.
   * @param work - throws a Setback for what is worth another attempt
   * @param about - for the message, with `code` its error
   */
  async patiently<T>(about: string, work: () => Promise<T>, code: ErrorCode = 'FDC_ERR_DEST_IO'): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Setback)) throw error;
        this.#ending.signal.throwIfAborted();
        const isFirst = code === 'FDC_ERR_DEST_UNWRITABLE';
        if (isFirst && HOPELESS.test(error.message)) throw failure(error, about, code, '');
        if (attempt === ATTEMPTS) throw failure(error, about, code, `; tried ${ATTEMPTS} times`);
        this.#options.onSetback?.(`${textOf(error, about)}; trying again`);
        await this.#pause(attempt);
      }
    }
  }

  /** Errors: Setback; FDC_ERR_DEST_UNWRITABLE for a program that cannot be started; the reason of `halt`. */
  async run(call: ToolCall, bytes = 0): Promise<void> {
    const end = await this.#made(call, () => runCall(call, this.#limits(bytes)));
    if (end.code !== 0) throw new Setback(call.program, said(end));
  }

  /** The same for a question. Errors: Setback also for an answer that cannot be read. */
  async look(call: ToolCall): Promise<readonly RemoteFile[]> {
    const end = await this.#made(call, () => runCall(call, this.#limits(0)));
    const files = this.#tool.look?.read(end);
    if (files === undefined)
      throw new Setback(call.program, end.code === 0 ? 'an answer that cannot be read' : said(end));
    return files;
  }

  /** Content that fits in memory. Errors: Setback, and those of `run`. */
  async content(call: ToolCall, bytes: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    const output = outputOf(call, this.#limits(bytes));
    const end = await this.#made(call, async () => {
      for (;;) {
        const { done, value } = await output.next();
        if (done === true) return value;
        chunks.push(value);
      }
    });
    if (end.code !== 0) throw new Setback(call.program, said(end));
    return Buffer.concat(chunks);
  }

  /** Content, in one attempt: what was given of it cannot be taken back. Errors: FDC_ERR_DEST_IO for a Setback. */
  async *read(call: ToolCall, about: string, bytes: number): AsyncGenerator<Buffer> {
    const output = outputOf(call, this.#limits(bytes));
    try {
      const end = yield* output;
      if (end.code !== 0) throw new Setback(call.program, said(end));
    } catch (error) {
      const known = this.#named(error, call);
      throw known instanceof Setback ? failure(known, about, 'FDC_ERR_DEST_IO', '') : known;
    }
  }

  /** Content that comes bit by bit, in one attempt: nobody has it a second time. Errors: the reason of `halt`. */
  pour(call: ToolCall): Pouring {
    const poured = new PouredCall(call, this.#limits(0));
    const named = (error: unknown): unknown => {
      if (!(error instanceof EndedEarly)) return this.#named(error, call);
      return new Setback(call.program, `${error.message}, ${said(error.end)}`);
    };
    const write = (chunks: readonly Uint8Array[]): Promise<void> =>
      poured.write(chunks).catch((error: unknown) => {
        throw named(error);
      });
    const end = async (): Promise<void> => {
      const end = await this.#made(call, () => poured.end());
      if (end.code !== 0) throw new Setback(call.program, said(end));
    };
    return { write, end, stop: (reason) => poured.stop(reason) };
  }

  /** How a setback that is not tried again is told, in one line. */
  tell(setback: Setback, about: string, what: string): void {
    this.#options.onSetback?.(`${textOf(setback, about)}; ${what}`);
  }

  /** How long ago the process started, or any other moment, ms. */
  nowMs(): number {
    return this.#options.clock.nowMs();
  }

  /** The lines of what it says. Errors: those of `read`. */
  async *lines(call: ToolCall, about: string): AsyncGenerator<string> {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    for await (const chunk of this.read(call, about, 0)) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() as string;
      yield* lines;
    }
    if (rest !== '') yield rest;
  }

  async #made(call: ToolCall, make: () => Promise<ToolEnd>): Promise<ToolEnd> {
    this.#running += 1;
    try {
      return await make();
    } catch (error) {
      throw this.#named(error, call);
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#cancelHalt?.();
    }
  }

  #named(error: unknown, { program }: ToolCall): unknown {
    if (error instanceof TookTooLong) return new Setback(program, error.message);
    if (!(error instanceof NotStarted)) return error;
    const why = error.errno === 'ENOENT' ? 'is not installed, or not on PATH' : `cannot be started (${error.errno})`;
    const advice = `: ${this.#tool.install}`;
    return new FlowDcError('FDC_ERR_DEST_UNWRITABLE', `${program} ${why}`, { cause: error, advice });
  }

  #limits(bytes: number): CallOptions {
    const { clock, timeoutMs, env } = this.#options;
    return { clock, env, signal: this.#halt.signal, timeoutMs: timeoutMs + bytes / SLOWEST_PER_MS };
  }

  async #pause(attempt: number): Promise<void> {
    const { clock, random } = this.#options;
    await sleep(clock, FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.75 + random() / 2), this.#stops);
  }
}

/** A call that content is poured into while it is made. Errors: Setback, and those of `ToolCaller.run`. */
export interface Pouring {
  /** Resolves when the program has taken them. */
  write(chunks: readonly Uint8Array[]): Promise<void>;
  /** Nothing more comes; resolves when the program has ended well. */
  end(): Promise<void>;
  /** Give it up; resolves when the program is gone. Idempotent. */
  stop(reason: Error): Promise<void>;
}

/** Not more than a line of what it complained about, the end of it, where programs say why. */
function said({ code, stderr }: ToolEnd): string {
  const lines = stderr.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  const tail = shortened(withoutUsers(withoutKeys(lines.slice(-2).join(' ').trim())), TAIL_CHARS);
  const how = typeof code === 'number' ? `exit ${code}` : code;
  return tail === '' ? how : `${how}: ${tail}`;
}

/** Some programs repeat how they were called, or what they read from the environment. */
function withoutKeys(text: string): string {
  let shown = text;
  for (const [name, value = ''] of Object.entries(process.env))
    if (value.length >= 8 && /secret|passw|token|_key/i.test(name)) shown = shown.replaceAll(value, '***');
  return shown;
}

function textOf({ program, message }: Setback, about: string): string {
  return `${program}, ${about}: ${message}`;
}

function failure(setback: Setback, about: string, code: ErrorCode, times: string): FlowDcError {
  const text = textOf(setback, about);
  if (FULL.test(setback.message))
    return new FlowDcError('FDC_ERR_DEST_FULL', text, { advice: '; make room there and run the same command again' });
  const next =
    code === 'FDC_ERR_DEST_UNWRITABLE'
      ? 'check its credentials and cloud_destination'
      : 'the same command goes on where it stopped';
  const advice = `${times}; ${next}`;
  return new FlowDcError(code, text, { cause: setback, advice });
}
