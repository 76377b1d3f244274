/** One live page: what it shows, the server that shows it, and how its owner learns of its key. */
import { rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, idleClock } from '../clock.ts';
import { type LiveServer, openLiveServer } from './live-server.ts';
import type { LiveBook } from './watch/live-book.ts';
import type { Outcome, Picture, RunControls, Watched } from './watch/served-state.ts';

/** Of the state folder: where the page is, with its key, for its owner's eyes only. */
const SERVE_FILE = 'serve.json';

/** What is shown, and who brings it. */
export interface Shown {
  readonly book: LiveBook;
  readonly controls: RunControls;
  picture?(number: number): Picture | undefined;
  /** Nothing more is brought. */
  close(): void;
}

export class Live {
  readonly book: LiveBook;
  readonly #shown: Shown;
  readonly #server: LiveServer;
  #file: string | undefined;

  private constructor(shown: Shown, server: LiveServer) {
    this.book = shown.book;
    this.#shown = shown;
    this.#server = server;
  }

  /**
   * @param address - as `--serve` was given
   * Errors: FDC_ERR_CONFIG_INVALID for an address that cannot be listened on.
   */
  static async open(address: string, shown: Shown, clock: Clock = idleClock): Promise<Live> {
    try {
      return new Live(shown, await openLiveServer(address, watchedOf(shown), clock));
    } catch (error) {
      shown.close();
      throw error;
    }
  }

  /** What to tell whoever started it, a line each. */
  get lines(): readonly string[] {
    const { url, key, isPublic } = this.#server;
    const hasButtons = Object.keys(this.#shown.controls).length > 0;
    const line = hasButtons
      ? `live page: ${url}#key=${key} (what follows # is the key to its buttons; without it one can only look)`
      : `live page: ${url}`;
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

  /** @param words - how it ended. Idempotent; returns at once */
  close(words: string, outcome: Outcome): void {
    this.#shown.close();
    this.book.end(words, outcome);
    this.#server.close();
    if (this.#file !== undefined) rmSync(this.#file, { force: true });
    this.#file = undefined;
  }
}

export function watchedOf({ book, controls, picture }: Pick<Shown, 'book' | 'controls' | 'picture'>): Watched {
  return {
    controls,
    state: () => book.state(),
    history: () => book.history(),
    hosts: (query) => book.page(query),
    hasHost: (host) => book.hosts.has(host),
    busiest: (most, others) => book.hosts.busiest(most, others),
    picture: (number) => picture?.(number),
  };
}
