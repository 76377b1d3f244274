/** Who may be connected to the live page's server, and how long without a word. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { isLoopback } from './address.ts';

const MAX_CONNECTIONS = 256;
/** Of one address elsewhere: others find a place too. */
const MAX_PER_ADDRESS = 32;

export interface Patience {
  /** For the head of a request, and for all of it. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** Between two requests. */
  readonly idleMs: number;
  /** A connection on which nothing moves for so long, in either direction, is closed. */
  readonly silentMs: number;
  /** How often the first two are looked at. */
  readonly lookMs: number;
}

const PATIENCE: Patience = { headersMs: 10_000, requestMs: 15_000, idleMs: 5_000, silentMs: 30_000, lookMs: 5_000 };

/** A server that keeps no process alive. */
export function boundedServer(listener: RequestListener, patience = PATIENCE): Server {
  const server = createServer({ connectionsCheckingInterval: patience.lookMs }, listener);
  server.maxConnections = MAX_CONNECTIONS;
  server.headersTimeout = patience.headersMs;
  server.requestTimeout = patience.requestMs;
  server.keepAliveTimeout = patience.idleMs;
  server.timeout = patience.silentMs;
  const counts = new Map<string, number>();
  server.on('connection', (socket) => {
    socket.unref();
    admit(socket, counts);
  });
  return server;
}

function admit(socket: Socket, counts: Map<string, number>): void {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  // Here it may be a tunnel, behind which there are many.
  if (isLoopback(address)) return;
  const count = counts.get(address) ?? 0;
  if (count >= MAX_PER_ADDRESS) return void socket.destroy();
  counts.set(address, count + 1);
  socket.once('close', () => {
    const left = (counts.get(address) ?? 1) - 1;
    if (left === 0) counts.delete(address);
    else counts.set(address, left);
  });
}
