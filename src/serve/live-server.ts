/** The server of the live page: it keeps no process alive, and nobody waits for its end. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../clock.ts';
import { FlowDcError, isFlowDcError } from '../errors.ts';
import { isLoopback, parseAddress, type ServeAddress, urlOf } from './address.ts';
import { Allowance } from './allowance.ts';
import { boundedServer } from './connections.ts';
import { EventStream } from './event-stream.ts';
import { jsonBody, newKey, Refused, requireKey, requireOwn } from './guard.ts';
import { replyJson } from './replies.ts';
import type { Route } from './route.ts';
import { routesOf } from './routes.ts';
import type { Watched } from './watch/served-state.ts';

/** Who asks more than may be answered waits for so long, and whoever asks on one connection waits each time. */
const BUSY_MS = 1000;
/** So long what is being sent may take when all is over; nobody waits for it. */
const LAST_WORDS_MS = 500;

export interface LiveServer {
  readonly url: string;
  /** What whoever controls the run has to know. */
  readonly key: string;
  /** Others than this machine can reach it. */
  readonly isPublic: boolean;
  /** Everybody gets the last state. Idempotent; returns at once. */
  close(): void;
}

/**
 * @param address - as `parseAddress` reads it
 * @param clock - whose timers keep no process alive
 * Errors: FDC_ERR_CONFIG_INVALID for an address that is none, is busy, or is not this machine's.
 */
export async function openLiveServer(address: string, watched: Watched, clock: Clock): Promise<LiveServer> {
  const wanted = parseAddress(address);
  const key = newKey();
  const events = new EventStream(watched, clock);
  const routes = new Map(routesOf(watched, events).map((route) => [`${route.method} ${route.path}`, route]));
  const allowance = new Allowance(clock);
  const terms = { named: wanted.host, key, allowance, clock };
  const server = boundedServer((request, response) => void answer(request, response, routes, terms));
  const { port } = await listen(server, wanted, address);
  server.unref();
  let isClosed = false;
  return {
    ...{ url: urlOf(wanted.host, port), key, isPublic: !isLoopback(wanted.host) },
    close() {
      if (isClosed) return;
      isClosed = true;
      events.end();
      server.close();
      server.closeIdleConnections();
      clock.timer(LAST_WORDS_MS, () => server.closeAllConnections());
    },
  };
}

interface Terms {
  readonly named: string;
  readonly key: string;
  readonly allowance: Allowance;
  readonly clock: Clock;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: ReadonlyMap<string, Route>,
  terms: Terms,
): Promise<void> {
  const { allowance, clock } = terms;
  const isOrder = request.method === 'POST';
  if (!isOrder && !allowance.hasAny) {
    clock.timer(BUSY_MS, () => refuse(response, new Refused(503, 'asked too much: again in a moment')));
    return;
  }
  const end = allowance.begin();
  // The body of an order is waited for, and that is no work.
  if (isOrder) end();
  try {
    await handle(request, response, routes, terms);
  } catch (error) {
    refuse(response, error as Error);
  } finally {
    if (!isOrder) end();
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  routes: ReadonlyMap<string, Route>,
  { named, key }: Terms,
): Promise<void> {
  requireOwn(request, named);
  const [path = '', query] = (request.url ?? '').split('?', 2);
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  const route = routes.get(`${method} ${path}`);
  if (route === undefined) throw notThere(routes, path);
  if (route.method === 'POST') requireKey(request, key);
  const body = route.method === 'POST' ? await jsonBody(request) : undefined;
  await route.handle({ request, response, search: new URLSearchParams(query), body });
}

function refuse(response: ServerResponse, error: Error): void {
  if (response.headersSent) return void response.destroy();
  // What was not read of a body must not be taken for another request.
  response.setHeader('Connection', 'close');
  const isOurs = error instanceof RangeError || isFlowDcError(error);
  const status = error instanceof Refused ? error.status : isOurs ? 409 : 500;
  replyJson(response, { error: error.message }, status);
}

function notThere(routes: ReadonlyMap<string, Route>, path: string): Refused {
  const isKnown = [...routes.values()].some((route) => route.path === path);
  return isKnown ? new Refused(405, 'not that way') : new Refused(404, 'there is no such thing here');
}

/** Errors: FDC_ERR_CONFIG_INVALID. */
async function listen(server: Server, { host, port, isAnyPort }: ServeAddress, shown: string): Promise<AddressInfo> {
  try {
    return await listenOn(server, host, port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' && isAnyPort) return listenOn(server, host, 0);
    const why: Readonly<Record<string, string>> = {
      EADDRINUSE: 'something else listens there: name another port, or 0 for any',
      EADDRNOTAVAIL: 'that address is not one of this machine',
      EACCES: 'that port is not allowed to you: name one above 1023',
      ENOTFOUND: 'that name has no address',
    };
    const message = `serve: cannot listen on ${shown}: ${why[code ?? ''] ?? (error as Error).message}`;
    throw new FlowDcError('FDC_ERR_CONFIG_INVALID', message, { cause: error, issues: [message] });
  }
}

function listenOn(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      // From here on nothing that goes wrong with the page is the run's affair.
      server.on('error', () => {});
      resolve(server.address() as AddressInfo);
    });
  });
}
