/**
 * The nats-server that `submit` starts when it is given none. It lives in a process group of its own, so that neither
 * Ctrl-C nor a killed submitter takes it from the workers; whoever runs the same submit again finds it by worker.json.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Clock, sleep } from '../clock.ts';
import type { FolderPaths } from '../destination/folder-layout.ts';
import { FlowDcError } from '../errors.ts';
import { isRunning, processStart } from '../job/lock.ts';
import { findJoinFile, type JoinFile, writeJoinFile } from './join-file.ts';

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

/** Path of a nats-server binary. Errors: FDC_ERR_USAGE when there is none, saying how to get one. */
export function findServerBinary(env: OwnServerOptions['env']): string {
  const named = env.NATS_SERVER_BIN;
  const folders = [...(env.PATH ?? '').split(delimiter), ...DAEMON_FOLDERS].filter((folder) => folder !== '');
  const paths = named === undefined || named === '' ? folders.map((folder) => join(folder, 'nats-server')) : [named];
  const found = paths.find(isExecutable);
  if (found !== undefined) return found;
  throw new FlowDcError(
    'FDC_ERR_USAGE',
    `${named === undefined || named === '' ? 'no nats-server on this machine' : `NATS_SERVER_BIN: ${named} cannot be run`}; install it (apt-get install nats-server, brew install nats-server), set NATS_SERVER_BIN to its path, or name a running one with --nats nats://HOST:4222`,
  );
}

/**
 * Start the server of a job, or find the one that an earlier submit left running.
 * Errors: FDC_ERR_USAGE without a binary or when another machine runs it, FDC_ERR_TRANSPORT_CONNECT when it does not
 * start.
 */
export async function startOwnServer(paths: FolderPaths, options: OwnServerOptions): Promise<OwnServer> {
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
  const start = processStart(pid);
  const server = { hostname: hostname(), pid, ...(start === undefined ? {} : { processStart: start }) };
  await writeJoinFile(joinFile, {
    servers: [`nats://${thereOf(options.listen)}:${port}`],
    token,
    job: options.job,
    server,
  });
  return handle(paths, { ...server, port, token, host: hereOf(options.listen), found: false }, options.clock);
}

/** End a server by what worker.json says of it; does nothing unless that very process runs on this machine. */
export async function endServer(
  { hostname: host, pid, processStart: start }: JoinFile['server'],
  clock: Clock,
): Promise<void> {
  const isThere = (): boolean => host === hostname() && isRunning(pid, start);
  for (const [signal, patienceMs] of [['SIGTERM', STOP_MS] as const, ['SIGKILL', STOP_MS] as const]) {
    if (!isThere()) return;
    process.kill(pid, signal);
    for (const endMs = clock.nowMs() + patienceMs; isThere() && clock.nowMs() < endMs; ) await sleep(clock, POLL_MS);
  }
}

async function launch(
  { serverFolder: folder }: FolderPaths,
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
  { joinFile, serverFolder }: FolderPaths,
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

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function elsewhere(joinFile: string, { server }: JoinFile): FlowDcError {
  return new FlowDcError(
    'FDC_ERR_USAGE',
    `the server of this job was started on ${server.hostname} (process ${server.pid}): run submit there, or ` +
      `delete ${joinFile} when it is gone for good`,
  );
}
