/** The live page of a run in this process: what watches it, what steers it, and the server that shows it. */
import { rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Clock, idleClock } from '../clock.ts';
import type { ResolvedConfig } from '../config/types.ts';
import type { HostOrder } from '../host-limits.ts';
import { type LiveServer, openLiveServer } from './live-server.ts';
import { LiveBook } from './watch/live-book.ts';
import { RunWatch, type WatchedForce } from './watch/run-watch.ts';
import type { RunControls, ServedState, Watched } from './watch/served-state.ts';
import { type Steered, Steering } from './watch/steering.ts';

/** Of the state folder: where the page is, with its key, for its owner's eyes only. */
const SERVE_FILE = 'serve.json';

export interface LiveRunOptions extends Pick<ServedState, 'kind'> {
  /** As `--serve` was given. */
  readonly address: string;
  readonly config: ResolvedConfig;
  readonly output: string;
  readonly clock?: Clock | undefined;
}

export class LiveRun {
  readonly book: LiveBook;
  readonly #server: LiveServer;
  readonly #watch: RunWatch;
  readonly #steering: Steering;
  readonly #drain: AbortController;
  #file: string | undefined;

  private constructor(parts: Parts, server: LiveServer) {
    this.book = parts.book;
    this.#watch = parts.watch;
    this.#steering = parts.steering;
    this.#drain = parts.drain;
    this.#server = server;
  }

  /** Errors: FDC_ERR_CONFIG_INVALID for an address that cannot be listened on. */
  static async open(options: LiveRunOptions): Promise<LiveRun> {
    const parts = partsOf(options, options.clock ?? idleClock);
    try {
      const server = await openLiveServer(options.address, watchedOf(parts), options.clock ?? idleClock);
      return new LiveRun(parts, server);
    } catch (error) {
      parts.watch.close();
      throw error;
    }
  }

  /** Somebody said on the page to end. */
  get drain(): AbortSignal {
    return this.#drain.signal;
  }

  /** What to tell whoever started it, a line each. */
  get lines(): readonly string[] {
    const { url, key, isPublic } = this.#server;
    const line = `live page: ${url}#key=${key} (what follows # is the key to its buttons; without it one can only look)`;
    const warning =
      'warning: serve: everybody who reaches this address sees hosts, counts and URLs of this run, unencrypted; ' +
      '127.0.0.1 and an ssh tunnel keep that to yourself';
    return isPublic ? [line, warning] : [line];
  }

  /** Where the page is, for whoever lost sight of it. @returns lines for people when that cannot be written */
  async keepKey(stateFolder: string | undefined): Promise<readonly string[]> {
    if (stateFolder === undefined) return [];
    const { url, key } = this.#server;
    const path = join(stateFolder, SERVE_FILE);
    try {
      await rm(path, { force: true });
      // Never through a link that lies there, and never for others to read, not even for a moment.
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(`${JSON.stringify({ url, key, pid: process.pid })}\n`).finally(() => file.close());
      this.#file = path;
      return [];
    } catch (error) {
      return [`${path}: not written (${(error as Error).message}); the key was printed above`];
    }
  }

  /** What works from now on. */
  attach(force: WatchedForce & Steered): void {
    this.#watch.attach(force);
    this.#steering.attach(force);
  }

  /** It works no more. */
  detach(): void {
    this.#watch.detach();
    this.#steering.detach();
  }

  /** @param words - how it ended. Idempotent; returns at once */
  close(words: string): void {
    this.#watch.close();
    this.book.end(words);
    this.#server.close();
    if (this.#file !== undefined) rmSync(this.#file, { force: true });
    this.#file = undefined;
  }
}

interface Parts {
  readonly book: LiveBook;
  readonly watch: RunWatch;
  readonly steering: Steering;
  readonly drain: AbortController;
}

function partsOf({ kind, config, output }: LiveRunOptions, clock: Clock): Parts {
  const steering = new Steering();
  const book = new LiveBook({
    ...{ kind, output, clock, cores: availableParallelism(), maxInFlight: config.fetch.concurrentDownloads },
    controls: () => ({ refused: {}, isPaused: steering.isPaused, rules: steering.orders }),
  });
  return { book, watch: new RunWatch(book, clock), steering, drain: new AbortController() };
}

function watchedOf({ book, steering, drain }: Parts): Watched {
  const controls: RunControls = {
    drain: () => {
      book.drain();
      drain.abort(new Error('told to end by the live page'));
    },
    pause: (isPaused) => steering.pause(isPaused),
    setHost: (order: HostOrder) => steering.setHost(order),
  };
  return {
    controls,
    state: () => book.state(),
    history: () => book.history(),
    hosts: (query) => book.page(query),
  };
}
