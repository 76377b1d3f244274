/** The server of a submit: one that it was told, or a nats-server of its own that it starts, watches and ends. */
import { systemClock } from '../../clock.ts';
import { type OwnServer, ServerKeeper, type ServerPaths, startOwnServer } from '../../cluster/own-server.ts';
import { reachCluster } from '../../cluster/reach-cluster.ts';
import type { SubmitConnection } from '../../cluster/submit-terms.ts';
import type { ClusterSettings } from '../../config/types.ts';
import { shellQuoted } from '../../shell-quoted.ts';
import { type CliIo, writeLines } from '../terminal/process.ts';

/** How a job stands when its submit ends. */
export type Leaving = 'over' | 'goes on' | 'failed';

export class SubmitServer {
  readonly #settings: ClusterSettings;
  readonly #io: CliIo;
  readonly #note: (text: string) => void;
  #keeper: ServerKeeper | undefined;

  /** @param note - told when a server of our own was started again */
  constructor(settings: ClusterSettings, io: CliIo, note: (text: string) => void) {
    this.#settings = settings;
    this.#io = io;
    this.#note = note;
  }

  /** Absent while the server is one that was named, or none was needed yet. */
  get own(): OwnServer | undefined {
    return this.#keeper?.server;
  }

  async connect(paths: ServerPaths, job: string): Promise<SubmitConnection> {
    const settings = this.#settings;
    const { env, signal } = this.#io;
    const options = { role: 'submit', env, signal, onWait: this.#note } as const;
    if (settings.servers.length > 0) {
      const { cluster } = await reachCluster(settings, options);
      return { cluster, servers: [cluster.server.url], own: false };
    }
    const own = await this.#start(paths, job);
    const { cluster } = await reachCluster(settings, { ...options, own });
    return { cluster, servers: [`nats://${own.server}`], own: true };
  }

  async #start(paths: ServerPaths, job: string): Promise<OwnServer> {
    const { listen, portNumber: port } = this.#settings;
    const options = { listen, port, job, env: this.#io.env, clock: systemClock };
    const own = await startOwnServer(paths, options);
    this.#keeper = new ServerKeeper(paths, options, own, this.#note);
    const lines = [
      `${own.found ? 'found the' : 'started a'} nats-server (process ${own.pid}) on ${own.server}; its token is ` +
        `in ${own.joinFile}`,
    ];
    if (!isLoopback(listen))
      lines.push(
        `warning: the token and all rows cross the network of ${listen} unencrypted; use a server with TLS ` +
          `(--nats tls://...) where others listen`,
      );
    writeLines(this.#io.stderr, lines);
    return own;
  }

  /** What somebody types on another machine to work on the job. */
  joinCommand(url: string): string {
    return this.own === undefined ? `flow-dc worker ${url}` : `flow-dc worker --join ${shellQuoted(this.own.joinFile)}`;
  }

  async leave(job: Leaving): Promise<void> {
    const found = this.#keeper?.wasFound;
    const server = await this.#keeper?.stop();
    if (job === 'over') await server?.remove();
    // One that was found running has workers that know nothing of our failure.
    else if (job === 'failed' && found === false) await server?.end();
  }
}

function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || address.startsWith('127.');
}
