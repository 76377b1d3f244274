/** A real nats-server of our own: on a free port of this machine, with its own store, ended by its process id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from 'vitest';
import { findNatsServer, HOW_TO_GET_NATS_SERVER } from '../../scripts/nats-server-binary.ts';

export interface NatsServerOptions {
  /** Further configuration: users, permissions, TLS, limits. */
  readonly config?: string;
  /** Default true. */
  readonly jetStream?: boolean;
}

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** kill -9, as a machine that lost its power. */
  kill(): Promise<void>;
  /** Start again on the same port and store. */
  start(): Promise<void>;
  /** End it and remove everything. */
  close(): Promise<void>;
}

const STARTED_MS = 15_000;

/** A suite that needs a nats-server: skipped, and counted in one banner at the end, where there is none. */
export function describeNats(name: string, suite: () => void): void {
  describe.skipIf(findNatsServer() === undefined)(`NATS: ${name}`, suite);
}

export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const binary = findNatsServer();
  if (binary === undefined) throw new Error(HOW_TO_GET_NATS_SERVER);
  const server = new TestServer(binary, await mkdtemp(join(tmpdir(), 'flow-dc-nats-')), options);
  await server.start();
  return server;
}

class TestServer implements NatsServer {
  readonly #binary: string;
  readonly #folder: string;
  readonly #options: NatsServerOptions;
  #child: ChildProcess | undefined;
  #port = -1;

  constructor(binary: string, folder: string, options: NatsServerOptions) {
    this.#binary = binary;
    this.#folder = folder;
    this.#options = options;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  async start(): Promise<void> {
    const config = join(this.#folder, 'server.conf');
    await writeFile(config, this.#options.config ?? '');
    const args = ['-c', config, '-a', '127.0.0.1', '-p', String(this.#port), '--ports_file_dir', this.#folder];
    if (this.#options.jetStream !== false) args.push('-js', '-sd', join(this.#folder, 'store'));
    const child = spawn(this.#binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4_000);
        appendFileSync(join(this.#folder, 'server.log'), chunk);
      });
    }
    for (let waitedMs = 0; waitedMs < STARTED_MS; waitedMs += 10) {
      if (child.exitCode !== null) break;
      if (said.includes('Server is ready')) {
        this.#port = await this.#portOf(child);
        return;
      }
      await sleep(10);
    }
    throw new Error(`nats-server did not start:\n${said}`);
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async close(): Promise<void> {
    await this.#end('SIGTERM');
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  async #portOf(child: ChildProcess): Promise<number> {
    if (this.#port > 0) return this.#port;
    for (let waitedMs = 0; waitedMs < STARTED_MS; waitedMs += 10) {
      const name = (await readdir(this.#folder)).find((file) => file.endsWith(`_${child.pid}.ports`));
      const text = name === undefined ? '' : await readFile(join(this.#folder, name), 'utf8');
      const port = /127\.0\.0\.1:(\d+)/.exec(text)?.[1];
      if (port !== undefined) return Number(port);
      await sleep(10);
    }
    throw new Error('nats-server wrote no ports file');
  }
}
