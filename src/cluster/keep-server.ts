/** A server of our own that ends for no reason of ours is started again, for as long as somebody follows its job. */
import type { FolderPaths } from '../destination/folder-layout.ts';
import { isRunning } from '../job/lock.ts';
import { type OwnServer, type OwnServerOptions, startOwnServer } from './own-server.ts';

const LOOK_MS = 1_000;

export class ServerKeeper {
  /** Somebody else had left it running. */
  readonly wasFound: boolean;
  readonly #paths: FolderPaths;
  readonly #options: OwnServerOptions;
  readonly #onNews: (news: string) => void;
  #server: OwnServer;
  #cancel: (() => void) | undefined;
  #starting: Promise<void> = Promise.resolve();

  /** @param onNews - told in a line that the server was started again, or cannot be */
  constructor(paths: FolderPaths, options: OwnServerOptions, server: OwnServer, onNews: (news: string) => void) {
    this.#paths = paths;
    // Workers know this port.
    this.#options = { ...options, port: Number(server.server.slice(server.server.lastIndexOf(':') + 1)) };
    this.#server = server;
    this.wasFound = server.found;
    this.#onNews = onNews;
    this.#lookLater();
  }

  get server(): OwnServer {
    return this.#server;
  }

  /** From now on the server may end. */
  async stop(): Promise<OwnServer> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#starting;
    return this.#server;
  }

  #lookLater(): void {
    this.#cancel = this.#options.clock.timer(LOOK_MS, () => {
      this.#starting = this.#look().finally(() => {
        if (this.#cancel !== undefined) this.#lookLater();
      });
    });
  }

  async #look(): Promise<void> {
    const { pid, processStart } = this.#server;
    if (isRunning(pid, processStart)) return;
    try {
      this.#server = await startOwnServer(this.#paths, this.#options);
      this.#onNews(
        `nats-server (process ${pid}) ended and was started again as process ${this.#server.pid}; the job goes on`,
      );
    } catch (error) {
      this.#onNews(
        `nats-server (process ${pid}) ended and cannot be started again: ${(error as Error).message}; trying again`,
      );
    }
  }
}
