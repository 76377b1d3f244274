/**
 * The nats-server that `submit` starts when it is given none. It lives in a process group of its own, so that neither
 * Ctrl-C nor a killed submitter takes it from the workers; whoever runs the same submit again finds it by worker.json.
 * One that ends for no reason of ours is started again, for as long as somebody follows its job.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { type Clock, sleep } from '../clock.ts';
import type { FolderPaths } from '../destination/folder-layout.ts';
import { FlowDcError } from '../errors.ts';
import { isRunning, processStart } from '../job/lock-holder.ts';
import { findProgram, isExecutable } from './find-program.ts';
import { findJoinFile, type JoinFile, writeJoinFile } from './reach-cluster.ts';

/** Where a server of our own keeps everything on this machine. */
export type ServerPaths = Pick<FolderPaths, 'joinFile' | 'serverFolder'>;

export interface OwnServerOptions {
  /** Address to listen on. */
  readonly listen: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly job: string;
  /** NATS_SERVER_BIN and PATH are looked at. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

export interface OwnServer {
  /** As this machine reaches it, `host:port`. */
  readonly server: string;
  readonly token: string;
  readonly joinFile: string;
  /** It was running already. */
  readonly found: boolean;
  readonly pid: number;
  readonly processStart: string | undefined;
  /** End it; its data stay for the next submit. */
  end(): Promise<void>;
  /** End it, and delete its data. */
  remove(): Promise<void>;
}

/** Folders that hold daemons and are often not in a user's PATH. */
const DAEMON_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/opt/homebrew/bin', '/usr/local/bin'];
/** A server with a large store reads it before it listens. */
const START_MS = 30_000;
const STOP_MS = 5_000;
const POLL_MS = 25;
/** How often somebody who follows the job looks whether its server runs. */
const WATCH_MS = 1_000;

/** Path of a nats-server binary. Errors: FDC_ERR_USAGE when there is none, saying how to get one. */
export function findServerBinary(env: OwnServerOptions['env']): string {
  const named = env.NATS_SERVER_BIN;
  const isNamed = named !== undefined && named !== '';
  if (isNamed && isExecutable(named)) return named;
  const found = isNamed ? undefined : findProgram(['nats-server'], env.PATH, DAEMON_FOLDERS);
  if (found !== undefined) return found;
  const problem = isNamed ? `NATS_SERVER_BIN: ${named} cannot be run` : 'no nats-server on this machine';
  throw new FlowDcError(
    'FDC_ERR_USAGE',
    `${problem}; install it (apt-get install nats-server, brew install nats-server), set NATS_SERVER_BIN to its ` +
      'path, or name a running one with --nats nats://HOST:4222',
  );
}

/**
 * Start the server of a job, or find the one that an earlier submit left running.
 * Errors: FDC_ERR_USAGE without a binary or when another machine runs it, FDC_ERR_TRANSPORT_CONNECT when it does not
 * start.
 */
export async function startOwnServer(paths: ServerPaths, options: OwnServerOptions): Promise<OwnServer> {
  const { joinFile } = paths;
  const before = await findJoinFile(joinFile);
  if (before !== undefined && before.server.hostname !== hostname()) throw elsewhere(joinFile, before);
  if (before !== undefined && isRunning(before.server.pid, before.server.processStart)) {
    const port = new URL(before.servers[0] as string).port;
    return handle(
      paths,
      { ...before.server, port, token: before.token, host: hereOf(options.listen), found: true },
      options.clock,
    );
  }
  // The same token again, so that workers that were told it find their way back.
  const token = before?.token ?? randomBytes(32).toString('base64url');
  const { pid, port } = await launch(paths, token, options);
  const server = { hostname: hostname(), pid, processStart: processStart(pid) };
  await writeJoinFile(joinFile, {
    servers: [`nats://${thereOf(options.listen)}:${port}`],
    token,
    job: options.job,
    server,
  });
  return handle(paths, { ...server, port, token, host: hereOf(options.listen), found: false }, options.clock);
}

/** Watches a server that this process follows a job on, and starts it again under the same port. */
export class ServerKeeper {
  /** Somebody else had left it running. */
  readonly wasFound: boolean;
  readonly #paths: ServerPaths;
  readonly #options: OwnServerOptions;
  readonly #onNews: (news: string) => void;
  #server: OwnServer;
  #cancel: (() => void) | undefined;
  #starting: Promise<void> = Promise.resolve();

  /** @param onNews - told in a line that the server was started again, or cannot be */
  constructor(paths: ServerPaths, options: OwnServerOptions, server: OwnServer, onNews: (news: string) => void) {
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
    this.#cancel = this.#options.clock.timer(WATCH_MS, () => {
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

/** End a server by what worker.json says of it; does nothing unless that very process runs on this machine. */
export async function endServer(
  { hostname: host, pid, processStart: start }: JoinFile['server'],
  clock: Clock,
): Promise<void> {
  const isThere = (): boolean => host === hostname() && isRunning(pid, start);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!isThere()) return;
    process.kill(pid, signal);
    for (const endMs = clock.nowMs() + STOP_MS; isThere() && clock.nowMs() < endMs; ) await sleep(clock, POLL_MS);
  }
}

async function launch(
  { serverFolder: folder }: ServerPaths,
  token: string,
  options: OwnServerOptions,
): Promise<{ pid: number; port: string }> {
  const logFile = join(folder, 'server.log');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await rm(logFile, { force: true });
  const config = join(folder, 'server.conf');
  await writeFile(config, serverConfig(folder, logFile, token, options), { mode: 0o600 });
  const child = spawn(findServerBinary(options.env), ['-c', config], { stdio: 'ignore', detached: true });
  child.unref();
  const ports = await listening(child, folder, options.clock);
  if (ports !== undefined) return { pid: child.pid as number, port: ports };
  const log = await readFile(logFile, 'utf8').catch(() => '');
  const why = /bind: address already in use/.test(log)
    ? `port ${options.port} of ${options.listen} is in use; choose another one with --port-number (0 takes a free one)`
    : (/\[FTL\] (.*)/.exec(log)?.[1] ?? `look at ${logFile}`);
  throw new FlowDcError('FDC_ERR_TRANSPORT_CONNECT', `nats-server did not start: ${why}`);
}

/** The token is in a file and not among the arguments, which every user of the machine can read. */
function serverConfig(folder: string, logFile: string, token: string, { listen, port }: OwnServerOptions): string {
  const text = (value: string): string => JSON.stringify(value);
  return [
    `host: ${text(listen)}`,
    `port: ${port === 0 ? -1 : port}`,
    `authorization { token: ${text(token)} }`,
    `jetstream { store_dir: ${text(join(folder, 'store'))} }`,
    `log_file: ${text(logFile)}`,
    `ports_file_dir: ${text(folder)}`,
    '',
  ].join('\n');
}

/** The port it listens on; undefined when it ended instead. */
async function listening(child: ChildProcess, folder: string, clock: Clock): Promise<string | undefined> {
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  child.once('error', () => {
    ended = true;
  });
  for (const endMs = clock.nowMs() + START_MS; !ended && clock.nowMs() < endMs; await sleep(clock, POLL_MS)) {
    const text = await readFile(join(folder, `nats-server_${child.pid}.ports`), 'utf8').catch(() => '');
    const port = /"nats:\/\/[^"]*:(\d+)"/.exec(text)?.[1];
    if (port !== undefined) return port;
  }
  if (!ended) child.kill('SIGKILL');
  return undefined;
}

function handle(
  { joinFile, serverFolder }: ServerPaths,
  server: JoinFile['server'] & {
    readonly port: string;
    readonly token: string;
    readonly host: string;
    readonly found: boolean;
  },
  clock: Clock,
): OwnServer {
  return {
    server: `${server.host}:${server.port}`,
    token: server.token,
    joinFile,
    found: server.found,
    pid: server.pid,
    processStart: server.processStart,
    end: () => endServer(server, clock),
    remove: async () => {
      await endServer(server, clock);
      await rm(joinFile, { force: true });
      await rm(serverFolder, { recursive: true, force: true });
      // A folder that was made for it alone; a job's state folder holds more.
      await rmdir(dirname(joinFile)).catch(() => {});
    },
  };
}

/** How this machine reaches a server that listens on `address`. */
function hereOf(address: string): string {
  return isEverywhere(address) ? '127.0.0.1' : bracketed(address);
}

/** How other machines do. */
function thereOf(address: string): string {
  return isEverywhere(address) ? hostname() : bracketed(address);
}

function isEverywhere(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function elsewhere(joinFile: string, { server }: JoinFile): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_USAGE',
    `the server of this job was started on ${server.hostname} (process ${server.pid}): run submit there, or ` +
      `delete ${joinFile} when it is gone for good`,
  );
}
